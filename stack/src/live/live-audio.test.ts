import { AudioSource, mediaSourceIdOf } from "@qpc/gap"
import { decodeAudioFrame, isAudioFrame } from "@qpc/gbp"
import { decodeHeader, decodeMlsKid } from "@qpc/sframe"
import { fromHex } from "@qpc/wire"
import { describe, expect, it } from "vitest"
import { LiveAudio } from "./live-audio.ts"
import { LiveParty } from "./testing/live-party.ts"

const opus = fromHex("78aabbcc")

/** The audio of a party whose members hear each other at once. */
class LoudParty {
  readonly party: LiveParty
  readonly #audios = new Map<number, LiveAudio>()
  readonly #sources = new Map<number, AudioSource>()

  constructor(seed: string, count: number) {
    this.party = LiveParty.of(seed, count)
    for (const id of this.party.members.keys()) this.enter(id)
  }

  /** @param others - Options that were made for something else, too. */
  enter(id: number, others: { readonly context?: bigint } = {}): void {
    const member = this.party.at(id)
    const audio = new LiveAudio({ ...others, member, maySpeak: () => true })
    audio.tick(this.party.nowMs)
    this.#audios.set(id, audio)
    this.#sources.set(id, new AudioSource({ mediaSourceId: mediaSourceIdOf(id, 0) }))
  }

  at(id: number): LiveAudio {
    return this.#audios.get(id)!
  }

  frame(from: number): Uint8Array {
    const framed = this.at(from).send(this.#sources.get(from)!, opus, this.party.nowMs)
    if (framed.kind === "refused") throw new Error(framed.reason)
    return framed.bytes
  }

  /** What a member makes of a frame: from whom, in which epoch, or why not. */
  hear(to: number, frame: Uint8Array): string {
    const heard = this.at(to).receive(frame, this.party.nowMs)
    return heard.kind === "audio" ? `${heard.senderId} in ${heard.epoch}` : heard.reason
  }
}

describe("audio of a live group", () => {
  it("is heard by all others, from the member whose leaf it is", () => {
    const loud = new LoudParty("all", 3)
    const frame = loud.frame(2)
    expect(isAudioFrame(frame)).toBe(true)
    expect([1, 2, 3].map((id) => loud.hear(id, frame))).toEqual(["2 in 2", "own_frame", "2 in 2"])
  })

  it("has keys of its own for each object of a member: no two count under one", () => {
    const loud = new LoudParty("contexts", 2)
    const frames = [1, 1, 1].map((id) => {
      loud.enter(id)
      return loud.frame(id)
    })
    const headers = frames.map((frame) => decodeHeader(decodeAudioFrame(frame).sframe))
    expect(headers.map(({ kid }) => decodeMlsKid(kid).context)).toEqual([1n, 2n, 3n])
    expect(frames.map((frame) => loud.hear(2, frame))).toEqual(["1 in 1", "1 in 1", "1 in 1"])
  })

  it("counts its contexts itself: one that options bring along would give two objects the same keys", () => {
    const loud = new LoudParty("shared options", 2)
    loud.enter(1, { context: 0n })
    expect(decodeMlsKid(decodeHeader(decodeAudioFrame(loud.frame(1)).sframe).kid).context).toBe(1n)
  })

  it("goes on while somebody comes in, and is theirs a moment later", () => {
    const loud = new LoudParty("join", 2)
    loud.party.add(1, 3)
    loud.enter(3)
    expect(loud.party.at(1).epoch).toBe(2n)
    const before = loud.frame(1)
    expect([loud.hear(2, before), loud.hear(3, before)]).toEqual(["1 in 1", "epoch_stale"])
    expect(loud.hear(1, loud.frame(3))).toBe("3 in 2")
    loud.party.run(200)
    const after = loud.frame(1)
    expect([loud.hear(2, after), loud.hear(3, after)]).toEqual(["1 in 2", "1 in 2"])
  })

  it("is lost to whoever was removed, from the first frame on, and they to the others", () => {
    const loud = new LoudParty("out", 3)
    const last = loud.frame(3)
    loud.party.take(1, loud.party.at(1).remove(3, loud.party.nowMs))
    loud.party.run(100)
    const frame = loud.frame(1)
    expect([loud.hear(2, frame), loud.hear(3, frame)]).toEqual(["1 in 3", "epoch_in_future"])
    expect(loud.hear(2, last)).toBe("unknown_sender")
    expect(() => loud.frame(3)).toThrow("be invited anew")
  })

  it("never leads: a frame of an epoch to come changes nothing", () => {
    const loud = new LoudParty("ahead", 3)
    const { party } = loud
    party.passes = (to, _, from) => !(to === 3 && from === 1 && party.at(1).epoch === 3n)
    party.take(1, party.at(1).remove(2, party.nowMs))
    party.run(30)
    expect([party.at(1).epoch, party.at(3).epoch]).toEqual([3n, 2n])
    expect(loud.hear(3, loud.frame(1))).toBe("epoch_in_future")
    expect(loud.hear(1, loud.frame(3))).toBe("3 in 2")
    expect([party.at(3).epoch, party.at(3).endpoint]).toEqual([2n, "active"])
  })

  it("says when its old keys are to be forgotten", () => {
    const loud = new LoudParty("forget", 2)
    expect(loud.at(1).wakeAtMs).toBeUndefined()
    loud.party.add(1, 3)
    const enteredMs = loud.party.nowMs
    loud.at(1).tick(enteredMs)
    expect(loud.at(1).wakeAtMs).toBe(enteredMs + 200)
    loud.at(1).tick(enteredMs + 200)
    expect(loud.at(1).wakeAtMs).toBe(enteredMs + 10_000)
    loud.at(1).tick(enteredMs + 10_000)
    expect(loud.at(1).wakeAtMs).toBeUndefined()
  })
})
