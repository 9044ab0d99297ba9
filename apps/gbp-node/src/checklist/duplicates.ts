import { checkEqual } from "./check.ts"
import type { ChecklistItem } from "./item.ts"

/** A message that is sent again, in a frame of its own, is recognized; the same id from somebody else is another message. */
export const duplicates: ChecklistItem = {
  number: 7,
  title: "GTP idempotent duplicate",
  run: async (stage) => {
    const [alice, bob, carol] = await stage.trio()
    const text = "did you get this?"
    const send = (from: typeof alice): Uint8Array => from.gtp.send(from.node, from.mls, 0, 7n, text).wire
    checkEqual(await stage.read(alice, bob, send(alice)), { status: "new", text }, "what bob makes of the message")
    checkEqual(await stage.read(alice, bob, send(alice)), { status: "duplicate", text }, "what bob makes of it again")
    checkEqual(
      await stage.read(carol, bob, send(carol)),
      { status: "new", text },
      "what bob makes of carol's with its id",
    )
    checkEqual(await stage.read(alice, carol, send(alice)), { status: "new", text }, "what carol makes of the message")
  },
}
