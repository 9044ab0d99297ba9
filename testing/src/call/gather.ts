import { suite0001 } from "@qpc/crypto/node"
import { createKeyPackage, Group } from "@qpc/mls"
import { toUtf8 } from "@qpc/wire"
import type { Random } from "@qpc/wire"

const HOUR_MS = 3_600_000
const NO_DATA = new Uint8Array(0)

/** So many people in one MLS group, each as themselves; the first made it. Member ids are their leaves, from 0 on. */
export function gather(count: number, random: Random, nowMs: number): readonly Group[] {
  const suite = suite0001
  const people = Array.from({ length: count }, (_, at) => ({
    credential: { kind: "basic", identity: toUtf8(`person ${at}`) } as const,
    signatureKeys: suite.signatureKeyPair(random(suite.sizes.signatureSeedBytes)),
  }))
  const [first, ...rest] = people
  if (first === undefined) throw new RangeError("a call has somebody in it")
  const creator = Group.create({ suite, random, nowMs, groupId: random(16), ...first })
  const bundles = rest.map((person) => createKeyPackage({ suite, random, nowMs, lifetimeMs: HOUR_MS, ...person }))
  const adds = bundles.map(({ keyPackage }) => keyPackage)
  const commit = creator.stageCommit({ adds, authenticatedData: NO_DATA, random, nowMs })
  if (commit.kind !== "staged" || commit.welcome === undefined) throw new Error("nobody could be invited")
  creator.merge(commit.staged)
  const { welcome } = commit
  const invited = rest.map(({ signatureKeys }, at) => {
    const joined = Group.join({ suite, signatureKeys, welcome, bundles: bundles.slice(at, at + 1) })
    if (joined.kind === "rejected") throw new Error(joined.reason)
    return joined.group
  })
  for (const bundle of bundles) bundle[Symbol.dispose]()
  return [creator, ...invited]
}
