import { suite0001 } from "@qpc/crypto/node"
import { createKeyPackages, createMember, createServerlessMember, joinMember, joinServerlessMember } from "@qpc/group"
import type { Member, ServerlessMember, Step } from "@qpc/group"
import { equalBytes, toGroupId, toUtf8 } from "@qpc/wire"
import type { Random } from "@qpc/wire"
import { BrokenLaw } from "./target.ts"
import type { FuzzTarget } from "./target.ts"

const NOW_MS = 1_800_000_000_000

/**
 * A member of a group of two, who receives. Whatever arrives, it stays in its epoch: samples are real envelopes for it,
 * and an input that equals one is left out. It is one member for all inputs, so a finding may need those before it.
 */
export function memberTarget(): FuzzTarget {
  const { member, samples } = pair()
  const before = member.epochAuthenticator
  return {
    name: "Member.receive",
    samples,
    run(input) {
      if (samples.some((sample) => equalBytes(sample, input))) return true
      const { events } = member.receive(input, NOW_MS)
      if (!equalBytes(member.epochAuthenticator, before)) throw new BrokenLaw("a stranger's bytes changed the epoch")
      const shown = events.find(({ kind }) => kind !== "dropped")
      if (shown !== undefined) throw new BrokenLaw(`a stranger's bytes became ${shown.kind}`)
      return false
    },
  }
}

/** The same with a member of a group that nobody orders, who tries what comes in every epoch that it keeps. */
export function serverlessMemberTarget(): FuzzTarget {
  const { member, samples } = serverlessPair()
  const before = member.epochAuthenticator
  return {
    name: "ServerlessMember.receive",
    samples,
    run(input) {
      if (samples.some((sample) => equalBytes(sample, input))) return true
      const { events } = member.receive([input], NOW_MS)
      if (!equalBytes(member.epochAuthenticator, before)) throw new BrokenLaw("a stranger's bytes changed the epoch")
      const shown = events.find(({ kind }) => kind !== "dropped")
      if (shown !== undefined) throw new BrokenLaw(`a stranger's bytes became ${shown.kind}`)
      return false
    },
  }
}

function serverlessPair(): { readonly member: ServerlessMember; readonly samples: readonly Uint8Array[] } {
  const random = countingRandom("fuzz, nobody orders")
  const [alice, bob] = [0, 1].map(() => ({ device: suite0001.signatureKeyPair(random(32)), random }))
  if (alice === undefined || bob === undefined) throw new Error("unreachable: two people")
  const group = { suite: suite0001, groupId: toGroupId(random(16)), name: "fuzz", nowMs: NOW_MS }
  const founder = createServerlessMember({ ...group, ...alice })
  const bundles = createKeyPackages({ suite: suite0001, ...bob, nowMs: NOW_MS, count: 1 })
  const invited = founder.send({ kind: "invite", keyPackages: bundles.map(({ keyPackage }) => keyPackage) }, NOW_MS)
  for (const { messageId } of invited.outgoing) founder.published(messageId, NOW_MS)
  const [welcome] = envelopesOf(invited)
  if (welcome === undefined) throw new Error("unreachable: the first invitation of a group is a Welcome alone")
  const joined = joinServerlessMember({ suite: suite0001, envelope: welcome, bundles, nowMs: NOW_MS, ...bob })
  if (joined.kind !== "joined") throw new Error(joined.reason)
  const said = founder.send({ kind: "text", text: "a text" }, NOW_MS)
  const renewed = founder.send({ kind: "update_keys" }, NOW_MS)
  return { member: joined.member, samples: [...envelopesOf(said), ...envelopesOf(renewed), welcome] }
}

/** Two members; one has sent the other a text, and staged a commit. */
function pair(): { readonly member: Member; readonly samples: readonly Uint8Array[] } {
  const random = countingRandom("fuzz")
  const [alice, bob] = [0, 1].map(() => ({ device: suite0001.signatureKeyPair(random(32)), random }))
  if (alice === undefined || bob === undefined) throw new Error("unreachable: two people")
  const group = { suite: suite0001, groupId: toGroupId(random(16)), name: "fuzz", nowMs: NOW_MS }
  const founder = createMember({ ...group, ...alice })
  const bundles = createKeyPackages({ suite: suite0001, ...bob, nowMs: NOW_MS, count: 1 })
  const invited = founder.send({ kind: "invite", keyPackages: bundles.map(({ keyPackage }) => keyPackage) }, NOW_MS)
  const [commit, welcome] = envelopesOf(invited)
  if (commit === undefined || welcome === undefined) throw new Error("unreachable: an invitation is two envelopes")
  founder.receive(commit, NOW_MS)
  const joined = joinMember({ suite: suite0001, envelope: welcome, bundles, nowMs: NOW_MS, ...bob })
  if (joined.kind !== "joined") throw new Error(joined.reason)
  const said = founder.send({ kind: "text", text: "a text" }, NOW_MS)
  const renewed = founder.send({ kind: "update_keys" }, NOW_MS)
  return { member: joined.member, samples: [...envelopesOf(said), ...envelopesOf(renewed), welcome, commit] }
}

function envelopesOf({
  outgoing,
}: {
  readonly outgoing: readonly Pick<Step["outgoing"][number], "deliveries">[]
}): Uint8Array[] {
  return outgoing.flatMap(({ deliveries }) => deliveries.map(({ envelope }) => envelope))
}

/** The same bytes in every run, so that every run has the same group; of another name, another group. */
function countingRandom(name: string): Random {
  let counter = 0
  const key = suite0001.hash(toUtf8(name))
  return (lengthBytes) => suite0001.expand(key, toUtf8(String(counter++)), lengthBytes)
}
