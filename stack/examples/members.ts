import { nodeRandom, sframeCiphers, suite0001 } from "@qpc/crypto/node"
import { AudioKeys } from "@qpc/gap"
import { createKeyPackage, Group } from "@qpc/mls"
import { toGroupId, toUtf8 } from "@qpc/wire"
import type { GroupId } from "@qpc/wire"

/** AES-128-GCM (RFC 9605 §4.5), the usual suite. */
const AES_128_GCM = 4
const HOUR_MS = 3_600_000
const NOTHING = new Uint8Array(0)

/** Somebody in the group, as far as the call is concerned. */
export interface CallMember {
  readonly memberId: number
  readonly groupId: GroupId
  readonly keys: AudioKeys
}

/** Two in a call. Their keys are zeroed when it is disposed of. */
interface Pair extends Disposable {
  readonly alice: CallMember
  readonly bob: CallMember
}

/** Alice makes a group and invites Bob (RFC 9420); both have the keys of its audio. Member ids are leaf indices. */
export function aliceAndBob(): Pair {
  const [suite, random, nowMs] = [suite0001, nodeRandom, Date.now()]
  const [alices, bobs] = [1, 2].map(() => suite.signatureKeyPair(random(suite.sizes.signatureSeedBytes)))
  const about = (name: string) =>
    ({ suite, random, nowMs, credential: { kind: "basic", identity: toUtf8(name) } }) as const
  const groupId = toGroupId(random(16))
  const alice = Group.create({ ...about("alice"), groupId, signatureKeys: alices! })
  using bundle = createKeyPackage({ ...about("bob"), signatureKeys: bobs!, lifetimeMs: HOUR_MS })
  const commit = alice.stageCommit({ adds: [bundle.keyPackage], authenticatedData: NOTHING, random, nowMs })
  if (commit.kind !== "staged" || commit.welcome === undefined) throw new Error("unreachable: Bob is new")
  alice.merge(commit.staged)
  const joined = Group.join({ suite, signatureKeys: bobs!, welcome: commit.welcome, bundles: [bundle] })
  if (joined.kind === "rejected") throw new Error(`unreachable: ${joined.reason}`)
  const pair = { alice: inCall(alice, groupId), bob: inCall(joined.group, groupId) }
  return {
    ...pair,
    [Symbol.dispose]: () => {
      for (const { keys } of [pair.alice, pair.bob]) keys[Symbol.dispose]()
    },
  }
}

function inCall(group: Group, groupId: GroupId): CallMember {
  const leaves = new Set(group.members().map(({ leafIndex }) => leafIndex))
  const keys = new AudioKeys({ cipher: sframeCiphers.get(AES_128_GCM)!, random: nodeRandom })
  keys.enterEpoch(
    {
      epoch: group.epoch,
      exportSecret: (label, context, lengthBytes) => group.export(label, context, lengthBytes),
      ownLeafIndex: group.ownLeafIndex,
      memberIdOf: (leafIndex) => (leaves.has(leafIndex) ? leafIndex : undefined),
    },
    0,
  )
  return { memberId: group.ownLeafIndex, groupId, keys }
}
