import { checkEqual } from "./check.ts"
import type { ChecklistItem } from "./item.ts"
import { errorWords } from "./stage.ts"

/** Key packages come in, one Welcome goes out, and the group is whole; outsiders are none of it. */
export const formation: ChecklistItem = {
  number: 1,
  title: "initial group formation",
  run: async (stage) => {
    const trio = await stage.trio()
    for (const party of trio) {
      checkEqual(party.mls.epoch, 1n, `the epoch of ${party.name}`)
      checkEqual(party.mls.groupId, trio[0].mls.groupId, `the group of ${party.name}`)
      checkEqual(party.members(), [1, 2, 3], `the members that ${party.name} sees`)
    }
    await stage.checkTalk(...trio)
    const [mallory, alice] = [stage.party("mallory", 9), trio[0]]
    await stage.group(mallory)
    const { wire } = mallory.gtp.send(mallory.node, mallory.mls, 0, 1n, "let me in")
    checkEqual(
      errorWords(await stage.deliver(mallory, alice, wire)),
      "0x0002 unknown_group",
      "a frame of another group",
    )
    checkEqual(alice.node.state, trio[1].node.state, "the state of alice after it")
  },
}
