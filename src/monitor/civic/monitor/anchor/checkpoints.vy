# pragma version 0.4.3
# pragma evm-version cancun
"""
@title The checkpoints of transparency logs, in the order of the chain
@notice Keeps for each log the last size and root that its account anchored. Sizes only grow, and
    nobody can change that: there is no administrator, no upgrade, and no money.
@dev A log is known by the SHA-256 of its origin. Events of one log form a chain: each names the
    block of the one before, so whoever reads backwards from `latest` cannot be shown fewer.
"""


event Anchored:
    origin: indexed(bytes32)
    size: uint64
    root: bytes32
    before: uint64  # the block of the anchor before this one; 0 for the first


struct Anchor:
    account: address
    size: uint64
    root: bytes32
    block: uint64


latest: public(HashMap[bytes32, Anchor])


@external
def anchor(origin: bytes32, size: uint64, root: bytes32):
    """
    @notice Anchor a checkpoint. The first account to do so for a log is the only one ever after.
    @param origin SHA-256 of the origin of the log
    @param size How many entries the tree has; larger than the last one
    @param root Root of the tree
    """
    last: Anchor = self.latest[origin]
    assert last.account in [empty(address), msg.sender], "another account anchors this log"
    assert size > last.size, "the size does not grow"
    self.latest[origin] = Anchor(
        account=msg.sender, size=size, root=root, block=convert(block.number, uint64)
    )
    log Anchored(origin=origin, size=size, root=root, before=last.block)
