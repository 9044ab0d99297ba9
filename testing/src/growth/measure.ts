import { MEMBER_ROLE, MODERATOR_ROLE } from "@qpc/group"
import type { Content, RoleAssignment } from "@qpc/group"
import type { Random } from "@qpc/wire"
import { medianCost } from "./cost.ts"
import type { Cost } from "./cost.ts"
import { GrownGroup } from "./grown-group.ts"

/** Each operation is done so many times; the median counts. */
const ROUNDS = 7
const TEXT_BYTES = 100
const DAY_SECONDS = 86_400

/** What was measured in a group of one size. */
export interface SizeReport {
  readonly size: number
  /** By name of the operation. */
  readonly costs: ReadonlyMap<string, Cost>
  /** Bytes that one member keeps. */
  readonly stateBytes: number
}

/** Fills a group and does everything that can be done in it, cold and warm. */
export function measureSize(size: number, random: Random): SizeReport {
  using group = new GrownGroup(size, random)
  const costs = new Map<string, Cost>([["fill the group by one commit, and join", group.filling]])
  costs.set("renew one's keys, cold", group.commitOfOther({ kind: "update_keys" }))
  group.warm()
  for (const [operation, round] of operationsOf(group)) {
    costs.set(operation, medianCost(Array.from({ length: ROUNDS }, (_, at) => round(at))))
  }
  return { size, costs, stateBytes: group.stateBytes }
}

function operationsOf(group: GrownGroup): [string, (round: number) => Cost][] {
  const newcomers = group.newcomers(ROUNDS)
  const each = (content: (round: number) => Content) => (round: number) => group.commit(content(round))
  return [
    ["renew one's keys", each(() => ({ kind: "update_keys" }))],
    ["invite one", each((round) => ({ kind: "invite", keyPackages: [newcomers[round]!.keyPackage] }))],
    [
      "give a role",
      each((round) => ({ kind: "set_roles", assignments: [assignmentOf(group, round)], permissions: NO_CHANGE })),
    ],
    ["rename", each((round) => ({ kind: "rename", name: `growth ${round}` }))],
    ["set the timer", each((round) => ({ kind: "set_timer", disappearAfterSeconds: (round + 1) * DAY_SECONDS }))],
    ["remove one", each((round) => ({ kind: "remove", members: [newcomers[round]!.self] }))],
    ["send a text of 100 bytes", () => group.text("x".repeat(TEXT_BYTES))],
  ]
}

const NO_CHANGE: ReadonlyMap<number, number> = new Map()

function assignmentOf(group: GrownGroup, round: number): RoleAssignment {
  return { identityKey: group.otherIdentity, role: round % 2 === 0 ? MODERATOR_ROLE : MEMBER_ROLE }
}
