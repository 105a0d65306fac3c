"""The verification of a log: docs/verification.md, "What to check"."""

from civic.verifier.elections import Election, Register
from civic.verifier.errors import ObjectRefused
from civic.verifier.folder import Folder
from civic.verifier.heads import Heads, Trust, attested, read_heads
from civic.verifier.kept import Kept, add_checkpoints, add_receipts
from civic.verifier.progress import Progress
from civic.verifier.report import Report, counted
from civic.verifier.tree import TreeCheck


def verify_log(folder: Folder, trust: Trust, kept: Kept, progress: Progress) -> Report:
    """Return what was checked of a log.

    Raises:
        ObjectRefused: The first object that is wrong or missing.
    """
    report = Report()
    heads = read_heads(folder, trust)
    add_checkpoints(heads, kept, trust)
    receipts = add_receipts(heads, kept, trust)
    text = f"{counted(len(heads.signed), 'tree head')} signed by {trust.log.name}"
    report.add("checkpoints", text, origin=trust.log.name, signed=len(heads.signed))

    register = _check_tree(folder, heads, progress, report)
    _report_entries(register, report)
    for election in register.elections.values():
        _report_election(election, report)
    leaves = list(register.leaves)
    for receipt in receipts:
        leaf = receipt.leaf(register, leaves).hex()
        index = receipt.receipt.index
        text = f"{receipt.name}: ballot {leaf} is entry {index}"
        report.add("receipts", text, receipt=receipt.name, index=index, leaf=leaf)
    if not receipts:
        report.leave_out("receipts", "none given (--receipt)")
    if kept.old:
        text = f"{counted(len(kept.old), 'checkpoint')} from earlier in the same tree"
        report.add("old", text, checkpoints=len(kept.old))
    _report_witnesses(heads, trust, report)
    return report


def _check_tree(folder: Folder, heads: Heads, progress: Progress, report: Report) -> Register:
    size, register = heads.newest.size, Register()
    tree = TreeCheck(folder, heads)
    for bundle in tree.run():
        register.add(bundle)
        progress.tell("entries", bundle.first + len(bundle.entries), size)
    register.finish()
    text = (
        f"{counted(size, 'entry', 'entries')} in {counted(tree.bundles, 'bundle')} hash to "
        f"{counted(tree.tiles, 'tile')} and to the root at every signed size"
    )
    if tree.earlier:
        text += f"; {counted(tree.earlier, 'partial object')} of earlier sizes agree"
    numbers = {"bundles": tree.bundles, "tiles": tree.tiles, "earlier": tree.earlier}
    report.add("tree", text, size=size, **numbers)
    return register


def _report_entries(register: Register, report: Report) -> None:
    events = dict(sorted(register.events.items()))
    text = (
        f"{counted(register.ballots, 'ballot')} and "
        f"{counted(sum(events.values()), 'event')}, none twice"
    )
    report.add("entries", text, ballots=register.ballots, events=events)


def _report_election(election: Election, report: Report) -> None:
    text = f"{election.id}: {counted(election.ballots, 'ballot')}"
    if election.certified_at is None:
        report.leave_out("elections", f"{text}, not certified yet")
    else:
        numbers = {"election": election.id, "ballots": election.ballots}
        report.add("elections", f"{text}, as certified", **numbers)


def _report_witnesses(heads: Heads, trust: Trust, report: Report) -> None:
    if not trust.witnesses:
        why = "no keys given (--witness): others may be shown another log"
        report.leave_out("witnesses", why)
        return
    size = attested(heads, trust.witnesses, trust.quorum)
    if size is None:
        why = f"no tree head is signed by {trust.quorum} of {len(trust.witnesses)} witnesses"
        raise ObjectRefused("checkpoint", why)
    text = (
        f"the first {counted(size, 'entry', 'entries')} are attested by "
        f"{trust.quorum} of {counted(len(trust.witnesses), 'witness', 'witnesses')}"
    )
    report.add("witnesses", text, attested=size, quorum=trust.quorum)
    rest = heads.newest.size - size
    if rest:
        why = f"the last {counted(rest, 'entry', 'entries')} are attested by fewer than that"
        report.leave_out("witnesses", why)
