import { FRAME_MS } from "gbp-stack/opus"
import { Line } from "./line.ts"
import type { LineOptions } from "./line.ts"
import { Listener } from "./listener.ts"
import type { ListenerFigures } from "./listener.ts"
import { aliceAndBob } from "./members.ts"
import { Speaker } from "./speaker.ts"
import type { Sound } from "./wav.ts"

/** How it went. */
export interface HeardFigures extends ListenerFigures {
  readonly sent: number
  readonly lost: number
  readonly packetBytes: number
  readonly frameBytes: number
}

/** What somebody heard of what another said. */
export interface Heard {
  readonly sound: Sound
  readonly figures: HeardFigures
}

/** Bob's loudspeaker takes its 20 ms in the middle of Alice's. */
const BOB_IS_LATER_MS = FRAME_MS / 2

/**
 * Alice says `sound` to Bob: Opus, GAP, SFrame, a line that loses some of it, and back. Time is counted, not waited
 * for: a minute takes as long as its arithmetic.
 */
export async function callThrough(sound: Sound, options: LineOptions): Promise<Heard> {
  let nowMs = 0
  using pair = aliceAndBob(() => nowMs)
  using speaker = await Speaker.create(pair.alice, sound)
  using listener = await Listener.create(pair.bob, sound.channels)
  const line = new Line(options)
  while (!speaker.isOver || line.underWay > 0 || listener.isPlaying) {
    // A frame can leave once its last sample was spoken.
    nowMs += FRAME_MS
    const frame = speaker.next()
    if (frame !== undefined) line.send(frame, nowMs)
    const turnMs = nowMs + BOB_IS_LATER_MS
    for (const { bytes, arrivesAtMs } of line.arrivals(turnMs)) listener.receive(bytes, arrivesAtMs)
    listener.turn(turnMs)
  }
  const figures = { ...speaker.figures, lost: line.lost, ...listener.figures(speaker.lagMs) }
  return { sound: listener.sound, figures }
}
