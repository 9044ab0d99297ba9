import { checkEqual } from "./check.ts"
import type { ChecklistItem } from "./item.ts"

const FRAME_COUNT = 20

/** A frame counts once, in whatever order frames come; a forged one counts never, and takes nothing from the honest one. */
export const replay: ChecklistItem = {
  number: 5,
  title: "replay rejection",
  run: async (stage) => {
    const [alice, bob] = await stage.trio()
    const frames = Array.from(
      { length: FRAME_COUNT },
      (_, at) => alice.gtp.send(alice.node, alice.mls, 0, BigInt(at + 1), `text ${at}`).wire,
    )
    const backwards = frames.toReversed()
    for (const [at, frame] of backwards.entries()) {
      const forged = frame.with(frame.length - 1, frame.at(-1)! ^ 1)
      checkEqual(await stage.read(alice, bob, forged), "0x0006 decrypt_failed", "what bob makes of a forged frame")
      const text = `text ${FRAME_COUNT - 1 - at}`
      checkEqual(await stage.read(alice, bob, frame), { status: "new", text }, "what bob reads of the frame itself")
    }
    for (const frame of frames) {
      checkEqual(
        await stage.read(alice, bob, frame),
        "0x0005 replay_detected",
        "what bob makes of a frame that came before",
      )
    }
  },
}
