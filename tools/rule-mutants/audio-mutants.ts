import type { RuleMutant } from "./rule-mutant.ts"

const gap = "protocol/gap/src"
const sframe = "protocol/sframe/src"
const stack = "stack/src"
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
    file: `${stack}/member-run.ts`,
    was: "number === RUN_MAX ? 1 : number + 1",
    is: "number",
    tests: [`${stack}/sframe-session.test.ts`],
  },
  {
    does: "sends audio after a restart that the next restart does not know of",
    file: `${stack}/sframe-senders.ts`,
    was: "if (run.isStored) return",
    is: "if (run.number >= 0) return",
    tests: [`${stack}/storing.test.ts`],
  },
  {
    does: "gives two objects of a live member the same keys for audio",
    file: `${stack}/live/live-member.ts`,
    was: "return this.#audioContexts++",
    is: "return this.#audioContexts",
    tests: [`${stack}/live/live-audio.test.ts`],
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
