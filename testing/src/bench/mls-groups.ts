import type { ClientState } from "ts-mls"
import type { Group } from "@qpc/mls"
import { compare } from "./measure.ts"
import type { Contender, Plan } from "./measure.ts"
import { createGroup, groupOf, join, newcomer, receiveCommit, stage } from "./qpc-group.ts"
import type { Newcomer } from "./qpc-group.ts"
import { resultOf } from "./report.ts"
import type { Result } from "./report.ts"
import { TsMls } from "./ts-mls-group.ts"
import type { TsMlsNewcomer } from "./ts-mls-group.ts"

const TS_MLS = "ts-mls 1.6.4"

/** Making a group of one. */
export async function benchCreate(plan: Plan): Promise<Result> {
  const { signatureKeys } = newcomer()
  const tsMls = await TsMls.load()
  const creator = await tsMls.newcomer()
  const ours: Contender = {
    name: "qpc",
    run: (count) => {
      for (let i = 0; i < count; i++) createGroup(signatureKeys)
    },
  }
  const theirs: Contender = {
    name: TS_MLS,
    run: async (count) => {
      for (let i = 0; i < count; i++) await tsMls.create(creator)
    },
  }
  return resultOf("mls", "create", await compare([ours, theirs], plan), { [TS_MLS]: "create_vs_tsmls" })
}

/**
 * Changing a group of `memberCount`:
 *
 * - add: one commit with a Welcome for one more member, not merged.
 * - join: entering from that Welcome, the tree inside.
 * - commit: fresh keys, made and merged by the creator.
 * - apply: such a commit, received and merged by another member.
 *
 * One commit added all members, so that the nodes between them are still blank: the dearest case. ts-mls spoils the keys
 * of a state whose successor is dropped, so it gets a new group for each comparison that follows commits.
 */
export async function benchMembership(memberCount: number, plan: Plan): Promise<readonly Result[]> {
  const tsMls = await TsMls.load()
  const { creator } = groupOf(memberCount)
  const theirs = await tsMls.groupOf(memberCount)
  const invited = newcomer()
  const theirInvited = await tsMls.newcomer()
  const operations: readonly (readonly [string, readonly Contender[]])[] = [
    ["add", [adder(creator, invited), tsMlsAdder(tsMls, theirs.creator, theirInvited)]],
    ["join", [joiner(creator, invited), await tsMlsJoiner(tsMls, theirs.creator, theirInvited)]],
    ["commit", [committer(creator), tsMlsCommitter(tsMls, (await tsMls.groupOf(memberCount)).creator)]],
    ["apply", [applier(groupOf(memberCount)), tsMlsApplier(tsMls, await tsMls.groupOf(memberCount))]],
  ]
  const results: Result[] = []
  for (const [operation, contenders] of operations) {
    const measured = await compare(contenders, plan)
    const name = `${operation} at ${memberCount} members`
    results.push(resultOf("mls", name, measured, { [TS_MLS]: `${operation}_${memberCount}_vs_tsmls` }))
  }
  return results
}

function adder(group: Group, invited: Newcomer): Contender {
  return {
    name: "qpc",
    run: (count) => {
      for (let i = 0; i < count; i++) group.clear(stage(group, [invited]).staged)
    },
  }
}

function tsMlsAdder(tsMls: TsMls, state: ClientState, invited: TsMlsNewcomer): Contender {
  return {
    name: TS_MLS,
    run: async (count) => {
      for (let i = 0; i < count; i++) await tsMls.commit(state, [invited])
    },
  }
}

function joiner(group: Group, invited: Newcomer): Contender {
  const { welcome, staged } = stage(group, [invited])
  group.clear(staged)
  return {
    name: "qpc",
    run: (count) => {
      for (let i = 0; i < count; i++) join(welcome!, invited)
    },
  }
}

async function tsMlsJoiner(tsMls: TsMls, state: ClientState, invited: TsMlsNewcomer): Promise<Contender> {
  const { welcome } = await tsMls.commit(state, [invited])
  return {
    name: TS_MLS,
    run: async (count) => {
      for (let i = 0; i < count; i++) await tsMls.join(welcome!, invited)
    },
  }
}

function committer(group: Group): Contender {
  return {
    name: "qpc",
    run: (count) => {
      for (let i = 0; i < count; i++) group.merge(stage(group).staged)
    },
  }
}

function tsMlsCommitter(tsMls: TsMls, start: ClientState): Contender {
  let state = start
  return {
    name: TS_MLS,
    run: async (count) => {
      for (let i = 0; i < count; i++) state = (await tsMls.commit(state)).state
    },
  }
}

function applier({ creator, member }: { readonly creator: Group; readonly member: Group }): Contender {
  let commits: Uint8Array[] = []
  return {
    name: "qpc",
    prepare: (count) => {
      commits = []
      for (let i = 0; i < count; i++) {
        const { staged, commit } = stage(creator)
        creator.merge(staged)
        commits.push(commit)
      }
    },
    run: () => {
      for (const commit of commits) member.merge(receiveCommit(member, commit))
    },
  }
}

function tsMlsApplier(tsMls: TsMls, start: { readonly creator: ClientState; readonly member: ClientState }): Contender {
  let { creator, member } = start
  let commits: Uint8Array[] = []
  return {
    name: TS_MLS,
    prepare: async (count) => {
      commits = []
      for (let i = 0; i < count; i++) {
        const { state, commit } = await tsMls.commit(creator)
        creator = state
        commits.push(commit)
      }
    },
    run: async () => {
      for (const commit of commits) member = await tsMls.receive(member, commit)
    },
  }
}
