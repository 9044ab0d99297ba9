import { StreamType } from "gbp-stack"
import { checkEqual } from "./check.ts"
import type { ChecklistItem } from "./item.ts"
import type { Party } from "./party.ts"
import { errorWords } from "./stage.ts"
import type { Stage } from "./stage.ts"

const OVERLAP_MS = 10_000
const SAMPLES = 960n
const SOURCE = 100

/** Audio that was sealed before the epoch changed is heard for ten seconds after it, and not longer. */
export const overlap: ChecklistItem = {
  number: 6,
  title: "GAP overlap key decryption",
  run: async (stage) => {
    const [alice, bob, carol] = await stage.trio()
    const sounds = Array.from({ length: 4 }, (_, at) => sound(alice, at))
    checkEqual(await heard(stage, alice, bob, sounds[0]!), "new 1", "what bob hears before the epoch changes")
    await stage.prepare(alice, [bob, carol], 1, alice.mls.removeMember(alice.leafOf(carol)))
    await stage.execute(alice, [bob, carol], 1)
    checkEqual(await heard(stage, alice, bob, sound(alice, 4)), "new 5", "what bob hears in the new epoch")
    checkEqual(
      await heard(stage, alice, bob, sounds[1]!),
      "new 2",
      "what bob hears of the old epoch during the overlap",
    )
    checkEqual(await heard(stage, alice, bob, sounds[1]!), "0x1004", "what bob makes of the same frame again")
    stage.clock.advance(OVERLAP_MS)
    checkEqual(
      await heard(stage, alice, bob, sounds[2]!),
      "0x1005",
      "what bob makes of the old epoch after the overlap",
    )
    checkEqual(await heard(stage, alice, bob, sound(alice, 5)), "new 6", "what bob hears in the new epoch then")
  },
}

/** Twenty milliseconds of what stands for an Opus packet. */
function sound(from: Party, at: number): Uint8Array {
  return from.gap.send(from.node, from.mls, 0, SOURCE, BigInt(at) * SAMPLES, new Uint8Array(60).fill(at + 1)).wire
}

/** `new` and the number of the frame, or the code of the error. */
async function heard(stage: Stage, from: Party, to: Party, frame: Uint8Array): Promise<string> {
  const events = await stage.deliver(from, to, frame)
  const payload = events.find(({ kind, streamType }) => kind === "payload_received" && streamType === StreamType.Audio)
  if (payload?.plaintext === undefined) return errorWords(events).slice(0, 6)
  const { status, seq, code } = to.gap.accept(payload.plaintext, to.mls.epoch)
  return status === "error" ? `0x${code!.toString(16)}` : `${status} ${seq}`
}
