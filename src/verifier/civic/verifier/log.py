"""The verification of a log: docs/verification.md, "What to check"."""

from dataclasses import asdict

from civic.verifier.elections import Election, Register
from civic.verifier.errors import ObjectRefused
from civic.verifier.folder import Folder
from civic.verifier.heads import Heads, Trust, attested, read_heads
from civic.verifier.kept import Kept, add_checkpoints, add_receipts
from civic.verifier.openings import PUBLISHED, SAMPLE
from civic.verifier.progress import Progress
from civic.verifier.recount import Recount, Recounted
from civic.verifier.report import Report, counted
from civic.verifier.tree import TreeCheck


def verify_log(folder: Folder, trust: Trust, kept: Kept, progress: Progress) -> Report:
    """Check a log and return the report.

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
    _check_openings(Recount(heads, register, progress), folder, register, kept, report)
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


def _check_openings(
    recount: Recount, folder: Folder, register: Register, kept: Kept, report: Report
) -> None:
    """Recount from the published openings and from the folders that auditors received."""
    if not kept.published_openings:
        report.leave_out("openings", "the published ones were left out (--no-openings)")
    else:
        announced = _with_openings(register)
        for name in sorted(announced):
            _report_recount(recount.check(folder, f"openings/{name}"), report)
        for name in sorted({*folder.names("openings")} - announced):
            report.leave_out("openings", f"{name}: published, but not announced in the log")
    for place in kept.openings:
        # Either a copy of the auditors' store or only its folder of openings.
        under = place / "openings" if (place / "openings").is_dir() else place
        given = Folder(under, f"{under}/")
        for name in given.names("."):
            _report_recount(recount.check(given, name), report)
    done = {(one.numbers["election"], one.numbers["audience"]) for one in report.of("openings")}
    for election in register.elections.values():
        if not election.openings and election.certified_at is not None:
            report.leave_out("openings", f"{election.id}: none published yet")
        for audience in election.openings:
            if (election.id, audience) not in done and audience not in PUBLISHED:
                why = f"{election.id}: those for {audience}: none given (--openings)"
                report.leave_out("openings", why)


def _with_openings(register: Register) -> set[str]:
    """Return the elections whose openings are published."""
    return {one.id for one in register.elections.values() if not PUBLISHED.isdisjoint(one.openings)}


def _report_recount(recounted: Recounted, report: Report) -> None:
    ballots = counted(recounted.ballots, "ballot")
    if recounted.audience == SAMPLE:
        text = f"{recounted.election}: the {ballots} of the sample, drawn by the log's root"
    else:
        numbers = counted(recounted.numbers, "number")
        text = f"{recounted.election}: {ballots} recounted, {numbers} as certified"
    report.add("openings", text, **asdict(recounted))


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
