import { ControlOpcode } from "gbp-stack"
import { check, checkEqual } from "./check.ts"
import type { ChecklistItem } from "./item.ts"
import { liveTieBreak } from "./live-scenarios.ts"
import type { Party } from "./party.ts"
import { errorWords } from "./stage.ts"

const SILENCE_MS = 11_000

/** The coordinator is gone, two claim its place and commit at the same time: the lower member id wins, and one epoch comes of it. */
export const tieBreak: ChecklistItem = {
  number: 3,
  title: "concurrent commit tie-break",
  runLive: liveTieBreak,
  run: async (stage) => {
    const [alice, bob, carol] = await stage.trio()
    stage.clock.advance(SILENCE_MS)
    const claims = [bob.node.claimCoordinator(bob.mls).wire, carol.node.claimCoordinator(carol.mls).wire] as const
    const prepares = [prepareRemoval(bob, alice), prepareRemoval(carol, alice)] as const

    await stage.deliver(carol, bob, claims[1])
    const refused = errorWords(await stage.deliver(carol, bob, prepares[1]))
    check(refused !== "nothing", "bob refuses what carol prepares")
    await stage.deliver(bob, carol, claims[0])
    checkEqual([bob.node.isCoordinator, carol.node.isCoordinator], [true, false], "who coordinates: bob, carol")
    await stage.ready(bob, carol, 1, prepares[0])
    await stage.execute(bob, [carol], 1)
    checkEqual([bob.mls.epoch, carol.mls.epoch], [2n, 2n], "the epochs of bob and carol")
    checkEqual(
      [bob.members(), carol.members()],
      [
        [2, 3],
        [2, 3],
      ],
      "the members that bob and carol see",
    )
    await stage.checkTalk(bob, carol)
  },
}

/** PREPARE of transition 1, which removes `leaver`. */
function prepareRemoval(party: Party, leaver: Party): Uint8Array {
  const commit = party.mls.removeMember(party.leafOf(leaver))
  return party.node.sendControl(party.mls, 0, ControlOpcode.PrepareTransition, 1, 0, commit).wire
}
