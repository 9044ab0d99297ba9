import type { RuleMutant } from "./rule-mutant.ts"

const gap = "protocol/gap/src"
const sframe = "protocol/sframe/src"
const tests = [`${gap}/profile-2.test.ts`]

/** Rules of audio. */
export const AUDIO_MUTANTS: readonly RuleMutant[] = [
  {
    does: "lets somebody on the way rewrite the header of a frame of audio",
    file: `${gap}/receive.ts`,
    was: "keys.open(sframe, audioFrameMetadata(frame),",
    is: "keys.open(sframe, audioFrameMetadata({ ...frame, payloadFormat: 0 }),",
    tests,
  },
  {
    does: "hears whoever was removed, during the overlap",
    file: `${gap}/audio-keys.ts`,
    was: " || current.memberIdOf(leafIndex) !== senderId",
    is: "",
    tests,
  },
  {
    does: "plays audio under a key of another epoch than the frame tells of",
    file: `${gap}/audio-keys.ts`,
    was: `if (opened.epoch !== epoch) return rejected("auth_failed")`,
    is: "",
    tests,
  },
  {
    does: "has the same keys for audio after a restart",
    file: `${gap}/audio-keys.ts`,
    was: "context: BigInt(context),",
    is: "context: 0n,",
    tests,
  },
  {
    does: "lets a member speak from another's source",
    file: `${gap}/receive.ts`,
    was: `if (!this.#limits.isSourceOf(audio.mediaSourceId, senderId)) return drop("source_mismatch")`,
    is: "",
    tests,
  },
  {
    does: "seals under the new keys before it is time",
    file: `${sframe}/sealing.ts`,
    was: "fromMs: this.#current === undefined ? nowMs : fromMs",
    is: "fromMs: nowMs",
    tests: [`${sframe}/sframe-session.test.ts`],
  },
  {
    does: "takes a media frame twice",
    file: `${sframe}/sframe-receiver.ts`,
    was: "    this.#window.accept(counter)\n",
    is: "",
    tests: [`${sframe}/sframe-session.test.ts`],
  },
]
