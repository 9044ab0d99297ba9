import type { CipherSuite } from "@qpc/crypto"
import { suite0001 } from "@qpc/crypto/node"
import { toHex } from "@qpc/wire"
import { describe, expect, it } from "vitest"
import { pastSigner, retireEpoch, withSecretTree, zeroEpoch, zeroPastEpoch } from "./epoch.ts"
import type { Epoch, PastEpoch } from "./epoch.ts"
import { makeGroupContext } from "./group-context.ts"
import { secretsOf } from "./key-schedule.ts"
import { makeParentNode } from "./parent-node.ts"
import { RatchetTree } from "./ratchet-tree.ts"
import type { RatchetKind } from "./secret-tree.ts"
import { countedRandom } from "./testing/counted-random.ts"
import { testMember } from "./testing/test-member.ts"
import { watchSecrets } from "./testing/watched-suite.ts"
import { TreePrivateState } from "./tree-private-state.ts"

const random = countedRandom(suite0001, "epochs")
const [alice, bob, carol, dave] = [1, 2, 3, 4].map(() => testMember(suite0001, random)) as [
  Member,
  Member,
  Member,
  Member,
]
const ZEROS = new Uint8Array(32)

type Member = ReturnType<typeof testMember>

/** Alice's epoch with bob and carol. She has the key of node 1 above her too. */
function aliceEpoch(suite: CipherSuite): Epoch {
  const { publicKey, privateKey } = suite0001.kemKeyPair(random(32))
  const parent = makeParentNode(publicKey, new Uint8Array(0), [])
  const tree = RatchetTree.build(suite, 3, {
    leafAt: (leafIndex) => [alice, bob, carol][leafIndex]?.leafNode,
    parentAt: (nodeIndex) => (nodeIndex === 1 ? parent : undefined),
  })
  const keys = new TreePrivateState(0, alice.leafKeys.privateKey.slice())
  keys.set(1, privateKey)
  const context = { cipherSuite: suite.id, groupId: Uint8Array.of(1), epoch: 7n, treeHash: tree.treeHash() }
  return {
    context: makeGroupContext({ ...context, confirmedTranscriptHash: random(32), extensions: [] }),
    tree,
    keys,
    ...withSecretTree(suite, secretsOf(suite, random(32)), tree),
    confirmationTag: random(32),
    interimTranscriptHash: random(32),
  }
}

/** What a message of bob finds: a key, or why there is none. */
function keyOfBob({ secretTree }: PastEpoch, kind: RatchetKind): string {
  const limits = { outOfOrderGenerations: 1, maxForwardGenerations: 1, refusedDerivations: 1 }
  const candidate = secretTree.candidate(1, kind, 0, limits)
  return typeof candidate === "string" ? candidate : "key"
}

describe("an epoch that is over", () => {
  it("keeps what late application messages need", () => {
    const epoch = aliceEpoch(suite0001)
    const senderDataSecret = epoch.secrets.senderDataSecret.slice()
    const past = retireEpoch(epoch, epoch)
    expect(past).toMatchObject({ epoch: 7n, groupContext: epoch.context.encoded, senderDataSecret, ownLeafIndex: 0 })
    expect(keyOfBob(past, "application")).toBe("key")
  })

  it("keeps no other secret, no handshake keys, and of the private keys what the next epoch goes on using", () => {
    const { suite, forgottenCount } = watchSecrets(suite0001)
    const epoch = aliceEpoch(suite)
    const privateKeys = [epoch.keys.leafKey, epoch.keys.key(1)]
    const keys = epoch.keys.fork()
    keys.set(0, random(32))
    const past = retireEpoch(epoch, { tree: epoch.tree, keys })
    const { senderDataSecret, ...others } = epoch.secrets
    expect(new Set(Object.values(others).map(toHex))).toEqual(new Set([toHex(ZEROS)]))
    expect(senderDataSecret).not.toEqual(ZEROS)
    expect(keyOfBob(past, "handshake")).toBe("key_consumed")
    expect(privateKeys).toEqual([ZEROS, ZEROS])
    expect(forgottenCount()).toBe(1)
  })

  it("tells who could sign at leaves that another has now, in memory of its own, and of no other leaf", () => {
    const epoch = aliceEpoch(suite0001)
    const tree = epoch.tree.fork()
    const { signatureKey } = alice.leafNode
    tree.updateLeaf(0, testMember(suite0001, random, { signatureKey }).leafNode)
    tree.updateLeaf(1, dave.leafNode)
    tree.removeLeaf(2)
    tree.addLeaf(bob.leafNode)
    tree.addLeaf(carol.leafNode)
    const { formerSigners } = retireEpoch(epoch, { tree, keys: epoch.keys })
    expect([...formerSigners]).toEqual([
      [1, bob.leafNode.signatureKey],
      [2, carol.leafNode.signatureKey],
      [3, undefined],
    ])
    expect(formerSigners.get(1)?.buffer.byteLength).toBe(32)
  })

  it("tells who was gone in the next one", () => {
    const epoch = aliceEpoch(suite0001)
    const tree = epoch.tree.fork()
    tree.removeLeaf(2)
    const { formerSigners } = retireEpoch(epoch, { tree, keys: epoch.keys })
    expect([...formerSigners]).toEqual([[2, carol.leafNode.signatureKey]])
  })

  it("has no secret left in the end", () => {
    const epoch = aliceEpoch(suite0001)
    const { encryptionSecret } = epoch.secretTree
    const past = retireEpoch(epoch, epoch)
    zeroPastEpoch(past)
    expect([past.senderDataSecret, encryptionSecret]).toEqual([ZEROS, ZEROS])
    expect(keyOfBob(past, "application")).toBe("key_consumed")
  })
})

describe("an epoch that never took effect", () => {
  it("leaves no secret behind, neither with us nor with the suite", () => {
    const { suite, secretsLeft, forgottenCount } = watchSecrets(suite0001)
    const epoch = aliceEpoch(suite)
    const privateKeys = [epoch.keys.leafKey, epoch.keys.key(1)]
    zeroEpoch(epoch)
    expect(secretsLeft()).toEqual([])
    expect(privateKeys).toEqual([ZEROS, ZEROS])
    expect(forgottenCount()).toBe(2)
  })
})

describe("the signer of a late message", () => {
  const epoch = aliceEpoch(suite0001)
  const pastOf = (number: bigint, ...former: [number, Uint8Array | undefined][]): PastEpoch => {
    return { ...retireEpoch(aliceEpoch(suite0001), epoch), epoch: number, formerSigners: new Map(former) }
  }
  const [first, second] = [Uint8Array.of(1), Uint8Array.of(2)]
  // The newest comes first.
  const pastEpochs = [pastOf(3n, [1, second]), pastOf(2n, [2, undefined]), pastOf(1n, [1, first])]
  const signerOf = (number: bigint, leafIndex: number): Uint8Array | undefined =>
    pastSigner({ pastEpochs, epoch }, number, leafIndex)

  it("is who was there then, as the first change of the leaf since tells", () => {
    expect([1n, 2n, 3n].map((number) => signerOf(number, 1))).toEqual([first, second, second])
  })

  it("is who is there now if the leaf has not changed since", () => {
    expect(signerOf(4n, 1)).toEqual(bob.leafNode.signatureKey)
    expect(signerOf(1n, 0)).toEqual(alice.leafNode.signatureKey)
    expect(signerOf(3n, 2)).toEqual(carol.leafNode.signatureKey)
  })

  it("is nobody for a leaf that was blank then or is outside of the tree", () => {
    expect([signerOf(1n, 2), signerOf(2n, 2), signerOf(1n, 99)]).toEqual([undefined, undefined, undefined])
  })
})
