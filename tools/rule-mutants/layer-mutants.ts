import type { RuleMutant } from "./rule-mutant.ts"

const gbp = "protocol/gbp/src"
const gtp = "protocol/gtp/src"
const envelope = "protocol/envelope/src"

/** Rules of frames, texts and labels. */
export const LAYER_MUTANTS: readonly RuleMutant[] = [
  {
    does: "moves the replay window for a frame that it refuses",
    file: `${gbp}/receive.ts`,
    was: "if (reason !== undefined) return drop(reason)",
    is: `if (reason !== undefined) {
      this.#windows.accept(frame.epoch, streamType, content.streamId, content.sequence)
      return drop(reason)
    }`,
    tests: [`${gbp}/receive.test.ts`],
  },
  {
    does: "refuses the last frame that is not too far behind",
    file: `${gbp}/replay-window.ts`,
    was: "else if (this.#newest - sequence >= WINDOW_FRAMES) return false",
    is: "else if (this.#newest - sequence >= WINDOW_FRAMES - 1) return false",
    tests: [`${gbp}/replay-window.test.ts`],
  },
  {
    does: "takes a frame twice",
    file: `${gbp}/replay-window.ts`,
    was: "if (this.#has(sequence)) return false",
    is: "",
    tests: [`${gbp}/replay-window.test.ts`],
  },
  {
    does: "lets a member send on another's stream",
    file: `${gbp}/receive.ts`,
    was: `if (!isOwn) return "sender_mismatch"`,
    is: `if (!isOwn && known === undefined) return "sender_mismatch"`,
    tests: [`${gbp}/receive.test.ts`],
  },
  {
    does: "takes a frame under another label",
    file: `${gbp}/receive.ts`,
    was: "frameAuthenticatedData(frame, label?.context)",
    is: "frameAuthenticatedData(frame)",
    tests: [`${gbp}/receive.test.ts`],
  },
  {
    does: "takes a payload of another epoch than the header tells of",
    file: `${gbp}/receive.ts`,
    was: "if (opened.epoch !== frame.epoch)",
    is: "if (opened.epoch > frame.epoch)",
    tests: [`${gbp}/receive.test.ts`],
  },
  {
    does: "forgets the oldest readable epoch one too early",
    file: `${gbp}/receive.ts`,
    was: `if (frame.epoch < keys.oldestEpoch) return drop("epoch_too_old")`,
    is: `if (frame.epoch <= keys.oldestEpoch) return drop("epoch_too_old")`,
    tests: [`${gbp}/receive.test.ts`],
  },
  {
    does: "takes a critical frame of another transition",
    file: `${gbp}/receive.ts`,
    was: `const mustAgree = (content.flags & FLAG_CRITICAL) !== 0 && content.streamType !== "control"`,
    is: `const mustAgree = (content.flags & FLAG_CRITICAL) !== 0 && content.streamType === "control"`,
    tests: [`${gbp}/receive.test.ts`],
  },
  {
    does: "uses a number for two frames",
    file: `${gbp}/send.ts`,
    was: `    this.#lastSequences.set(payload.streamType, sequence)
    const header`,
    is: "    const header",
    tests: [`${gbp}/receive.test.ts`],
  },
  {
    does: "lets a text name another sender than its frame",
    file: `${gtp}/receive.ts`,
    was: `if (message.senderId !== arrived.senderId) return drop("sender_mismatch")`,
    is: "",
    tests: [`${gtp}/receive.test.ts`],
  },
  {
    does: "shows a text twice that was sealed twice",
    file: `${gtp}/seen-messages.ts`,
    was: "if (this.#seen.has(key)) return false",
    is: "",
    tests: [`${gtp}/receive.test.ts`],
  },
  {
    does: "remembers one text less than its limit",
    file: `${gtp}/seen-messages.ts`,
    was: "if (this.#seen.size <= this.#limit) return",
    is: "if (this.#seen.size < this.#limit) return",
    tests: [`${gtp}/receive.test.ts`],
  },
  {
    does: "takes a text whose length is not what it says",
    file: `${gtp}/receive.ts`,
    was: `if (message.contentLength !== message.body.length) return drop("bad_length")`,
    is: "",
    tests: [`${gtp}/receive.test.ts`],
  },
  {
    does: "takes one signed head for a proof of two",
    file: `${envelope}/epoch-log.ts`,
    was: "return heads.every((head) => verifyLogHead(crypto, serverKey, head)) ? { heads } : undefined",
    is: "return heads.some((head) => verifyLogHead(crypto, serverKey, head)) ? { heads } : undefined",
    tests: [`${envelope}/epoch-log.test.ts`],
  },
  {
    does: "takes heads of two epochs for a proof",
    file: `${envelope}/epoch-log.ts`,
    was: "const isSamePlace = equalBytes(one.groupId, other.groupId) && one.epoch === other.epoch",
    is: "const isSamePlace = equalBytes(one.groupId, other.groupId)",
    tests: [`${envelope}/epoch-log.test.ts`],
  },
  {
    does: "leaves a bucket to what would just fit into it",
    file: `${envelope}/padding.ts`,
    was: "while (bucketBytes < contentBytes) bucketBytes *= 2",
    is: "while (bucketBytes <= contentBytes) bucketBytes *= 2",
    tests: [`${envelope}/padding.test.ts`],
  },
  {
    does: "reads an envelope of a version that it does not know",
    file: `${envelope}/envelope.ts`,
    was: "if (version !== VERSIONS.plain && version !== VERSIONS.logged)",
    is: "if (version === 0)",
    tests: [`${envelope}/envelope.test.ts`],
  },
]
