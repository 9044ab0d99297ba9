/** `npm run call`: exit code 0 when nothing untrue was played, and nobody was silent for more than 200 ms at a change of keys; else 1. */
import { SEAL_AFTER_MS } from "@qpc/gap"
import { flagsOf, refuse } from "../command-line.ts"
import { loopbackCall } from "./loopback-call.ts"
import type { LoopbackReport } from "./loopback-call.ts"
import type { CallOptions, CallReport } from "./report.ts"
import { virtualCall } from "./virtual-call.ts"

/** What people take for one word that was swallowed. */
const GAP_LIMIT_MS = 200

const values = flagsOf({
  command: "call",
  purpose:
    "A call over UDP on this machine, with Opus, through a relay that loses packets and does mischief, while the keys change.",
  flags: {
    people: { type: "string", default: "4", says: "how many, 2 to 20" },
    seconds: { type: "string", default: "12", says: "how long, 2 to 600" },
    loss: { type: "string", default: "20", says: "packets of a hundred that are lost in each direction" },
    mischief: { type: "string", default: "2", says: "of a hundred, a false or old copy is added" },
    rekey: { type: "string", default: "1000", says: "milliseconds between two changes of keys; 0 for none" },
    after: {
      type: "string",
      default: String(SEAL_AFTER_MS),
      says: "milliseconds that people go on under the old keys",
    },
    seed: { type: "string", default: "1", says: "which packets the relay loses" },
    virtual: {
      type: "boolean",
      default: false,
      says: "in virtual time, without sockets and Opus; the seed decides all",
    },
    json: { type: "boolean", default: false, says: "print the report as JSON" },
  },
})

const options: CallOptions = {
  people: numberOf("people", values.people, 2, 20),
  seconds: numberOf("seconds", values.seconds, 2, 600),
  lossPercent: numberOf("loss", values.loss, 0, 100),
  mischiefPercent: numberOf("mischief", values.mischief, 0, 100),
  rekeyMs: numberOf("rekey", values.rekey, 0, 600_000),
  sealAfterMs: numberOf("after", values.after, 0, 9999),
  seed: BigInt(numberOf("seed", values.seed, 0, Number.MAX_SAFE_INTEGER)),
}
const report = values.virtual ? print(virtualCall(options), inWords) : print(await loopbackCall(options), inAllWords)
const isGood = report.playedUntrue.length === 0 && report.longestGapAtRekeyMs <= GAP_LIMIT_MS
process.exitCode = isGood ? 0 : 1

function numberOf(flag: string, text: string, least: number, most: number): number {
  const value = Number(text)
  if (text.trim() !== "" && Number.isInteger(value) && value >= least && value <= most) return value
  return refuse(`--${flag} is a whole number from ${least} to ${most}, not "${text}"`)
}

function print<Report extends CallReport>(call: Report, words: (call: Report) => string): Report {
  console.log(values.json ? JSON.stringify(call, undefined, 2) : words(call))
  return call
}

function inWords(call: CallReport): string {
  const share = ((100 * call.played) / Math.max(1, call.turns)).toFixed(1)
  const drops = Object.entries(call.dropped).map(([reason, count]) => `${count} ${reason}`)
  return [
    `${call.people} people, ${call.seconds} s, ${call.lossPercent} % lost, seed ${call.seed}`,
    `keys changed ${call.rekeys} times (${call.postponed} put off), all in epoch ${[...new Set(call.epochs)].join(" or ")}`,
    `the others followed after ${call.meanFollowMs} ms, ${call.maxFollowMs} ms at most`,
    `${call.framesSent} frames sent; ${call.played} of ${call.turns} turns played (${share} %)`,
    `relay: ${call.packetsLost} packets lost, ${call.relabelled} frames relabelled, ${call.replayed} sent again`,
    `dropped: ${drops.join(", ") || "none"}`,
    `longest gap ${call.longestGapMs} ms; at a change of keys ${call.meanGapAtRekeyMs} ms on average, ${call.longestGapAtRekeyMs} ms at most`,
    `played though it was not said so: ${call.playedUntrue.length}`,
    ...call.playedUntrue.slice(0, 10),
  ].join("\n")
}

function inAllWords(call: LoopbackReport): string {
  const { opus, longestStallMs } = call
  return [
    inWords(call),
    `Opus: ${opus.concealed} turns concealed, ${opus.recovered} of them from the copy in the next frame; ${opus.late} frames late`,
    `the machine was ${longestStallMs} ms late at most: as much of the gaps may be its own`,
  ].join("\n")
}
