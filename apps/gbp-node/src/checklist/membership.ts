import { ControlOpcode } from "gbp-stack"
import { checkEqual, checkThrows } from "./check.ts"
import type { ChecklistItem } from "./item.ts"
import { liveMembership } from "./live-scenarios.ts"
import { errorWords } from "./stage.ts"

/** Somebody comes in and somebody is removed, each by a transition that everybody is ready for. */
export const membership: ChecklistItem = {
  number: 2,
  title: "add and remove by transition",
  runLive: liveMembership,
  run: async (stage) => {
    const [alice, bob, carol] = await stage.trio()
    const dave = stage.party("dave", 4)
    const keyPackage = await stage.carry(dave, alice, dave.mls.exportKeyPackage())
    const added = alice.mls.inviteFull(keyPackage)
    const { wire } = alice.node.sendControl(alice.mls, 0, ControlOpcode.PrepareTransition, 1, 0, added.commit)
    await stage.ready(alice, bob, 1, wire)
    const early = (): unknown => alice.node.sendControl(alice.mls, 0, ControlOpcode.ExecuteTransition, 1, 0)
    checkThrows(early, "members_not_ready", "EXECUTE before carol is ready")
    await stage.ready(alice, carol, 1, wire)
    await stage.execute(alice, [bob, carol], 1)
    dave.join(await stage.carry(alice, dave, added.welcome), 1)
    for (const party of [alice, bob, carol, dave]) {
      checkEqual(party.mls.epoch, 2n, `the epoch of ${party.name}`)
      checkEqual(party.members(), [1, 2, 3, 4], `the members that ${party.name} sees`)
    }
    await stage.checkTalk(alice, bob, carol, dave)

    await stage.prepare(alice, [bob, carol, dave], 2, alice.mls.removeMember(alice.leafOf(bob)))
    await stage.execute(alice, [bob, carol, dave], 2)
    for (const party of [alice, carol, dave])
      checkEqual(party.members(), [1, 3, 4], `the members that ${party.name} sees`)
    await stage.checkTalk(alice, carol, dave)
    const secret = alice.gtp.send(alice.node, alice.mls, 0, 99n, "without bob").wire
    checkEqual(errorWords(await stage.deliver(alice, bob, secret)).slice(0, 6), "0x0006", "what bob reads of it")
  },
}
