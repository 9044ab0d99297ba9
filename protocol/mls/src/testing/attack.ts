import { describe, expect, it } from "vitest"
import { outcomeOf, Party } from "./party.ts"

/** Something that somebody sends to do harm. For tests only. */
export interface Attack {
  /** Completes "… is refused". */
  readonly title: string
  readonly reason: string
  /** What arrives, last, at the victim. Whatever it needs before, it sends itself. */
  readonly make: (party: Party) => Uint8Array
  readonly settings?: ConstructorParameters<typeof Party>[1]
  /** Default bob. */
  readonly victim?: string
  /** Default: alice, bob, carol and dave, in this order. */
  readonly names?: readonly string[]
  /** True if there is no room for another commit until the application clears one. */
  readonly fillsCommits?: boolean
}

/**
 * Plays each attack in a group of its own: it is refused for its reason, leaves the victim's state as it was, bit by bit, and
 * the next honest text and commit are taken. For tests only.
 */
export function playAttacks(family: string, attacks: readonly Attack[]): void {
  describe(family, () => {
    it.each(attacks.map((attack) => ({ ...attack })))("$title is refused: $reason", (attack) => {
      const { victim = "bob", names = ["alice", "bob", "carol", "dave"], settings = {} } = attack
      const party = Party.of(`${family}: ${attack.title}`, names, settings)
      const message = attack.make(party)
      const group = party.group(victim)
      const before = group.toBytes()
      const received = group.receive(message, party.nowMs)
      expect(outcomeOf(received)).toBe(attack.reason)
      expect(group.toBytes()).toEqual(before)
      expectHonestTraffic(party, victim, attack.fillsCommits !== true)
    })
  })
}

/** Whoever is still there can talk to the victim, and take it along into the next epoch. */
function expectHonestTraffic(party: Party, victim: string, hasRoom: boolean): void {
  const speaker = party.names.findLast((name) => name !== victim)
  if (speaker === undefined) return
  expect(party.hear(victim, party.say(speaker, "honest"))).toBe("honest")
  if (!hasRoom) return
  const { pendingCommit } = party.group(speaker)
  if (pendingCommit !== undefined) party.group(speaker).clear(pendingCommit)
  const { commit } = party.stage(speaker)
  expect(outcomeOf(party.group(victim).receive(commit, party.nowMs))).toBe("commit")
}
