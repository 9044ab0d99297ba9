import { readFile, writeFile } from "node:fs/promises"
import { parseArgs } from "node:util"
import { callThrough } from "./audio-call.ts"
import type { Heard, HeardFigures } from "./audio-call.ts"
import { makeSound } from "./sound.ts"
import { readWav, SAMPLE_RATE, WavError, writeWav } from "./wav.ts"
import type { Sound } from "./wav.ts"

const HELP = `Sends sound through an encrypted call over a bad line, and writes what was heard. Needs no microphone.

Usage: node --conditions=@qpc/source stack/examples/gap-audio.ts [options] [IN.wav]

  IN.wav          what is said: 48 kHz, one or two channels, 16-bit PCM or 32-bit float. Default: a tone that rises, then syllables
  --out FILE      where to write what was heard (WAV, 16 bits). Default: nowhere
  --seconds N     how long the made-up sound is, 1 to 600. Default 5
  --loss N        packets of a hundred that are lost, 0 to 100. Default 10
  --delay N       what each packet takes, in milliseconds, 0 to 5000. Default 60
  --jitter N      what it may take beyond, in milliseconds, 0 to 5000. Default 30
  --seed N        the same seed loses the same packets. Default 1
  --json          print the figures as JSON
  --help          print this
`

/** A mistake of whoever typed the command. */
class UsageError extends Error {
  override readonly name = "UsageError"
}

interface Settings {
  readonly input: string | undefined
  readonly output: string | undefined
  readonly seconds: number
  readonly lossPercent: number
  readonly delayMs: number
  readonly jitterMs: number
  readonly seed: number
  readonly isJson: boolean
}

async function main(words: readonly string[]): Promise<void> {
  if (words.includes("--help")) return void process.stdout.write(HELP)
  const settings = settingsOf(words)
  const sound = settings.input === undefined ? makeSound(settings.seconds) : await soundOf(settings.input)
  const heard = await callThrough(sound, settings)
  if (settings.output !== undefined) await writeFile(settings.output, writeWav(heard.sound))
  process.stdout.write(settings.isJson ? `${JSON.stringify(inJson(heard.figures), undefined, 2)}\n` : inWords(heard))
}

function settingsOf(words: readonly string[]): Settings {
  const { values, positionals } = parsed(words)
  if (positionals.length > 1) throw new UsageError("one file at most can be sent")
  return {
    input: positionals[0],
    output: values.out,
    seconds: numberOf("--seconds", values.seconds, 1, 600),
    lossPercent: numberOf("--loss", values.loss, 0, 100),
    delayMs: numberOf("--delay", values.delay, 0, 5000),
    jitterMs: numberOf("--jitter", values.jitter, 0, 5000),
    seed: numberOf("--seed", values.seed, 0, 0xffff_ffff),
    isJson: values.json,
  }
}

function parsed(words: readonly string[]) {
  try {
    return parseArgs({
      args: [...words],
      allowPositionals: true,
      options: {
        out: { type: "string" },
        seconds: { type: "string", default: "5" },
        loss: { type: "string", default: "10" },
        delay: { type: "string", default: "60" },
        jitter: { type: "string", default: "30" },
        seed: { type: "string", default: "1" },
        json: { type: "boolean", default: false },
      },
    })
  } catch (error) {
    if (error instanceof TypeError) throw new UsageError(error.message)
    throw error
  }
}

function numberOf(option: string, text: string, least: number, most: number): number {
  const value = Number(text)
  if (text.trim() === "" || !(value >= least && value <= most)) {
    throw new UsageError(`${option} is a number from ${least} to ${most}, not "${text}"`)
  }
  return value
}

async function soundOf(path: string): Promise<Sound> {
  return readWav(await readFile(path))
}

/** Rounded as far as it means anything. */
function inJson(figures: HeardFigures): HeardFigures {
  const { meanDelayMs, maxDelayMs } = figures
  return { ...figures, meanDelayMs: Math.round(meanDelayMs * 10) / 10, maxDelayMs: Math.round(maxDelayMs * 10) / 10 }
}

function inWords({ sound, figures }: Heard): string {
  const of = (count: number): string => `${count} (${((100 * count) / Math.max(1, figures.sent)).toFixed(1)} %)`
  const seconds = (sound.samples.length / sound.channels / SAMPLE_RATE).toFixed(2)
  const rows = [
    ["sent", `${figures.sent} frames of ${figures.frameBytes} bytes, ${figures.packetBytes} of them Opus`],
    ["lost on the line", of(figures.lost)],
    ["played", of(figures.played)],
    ["concealed", `${of(figures.concealed)}, ${figures.recovered} from the copy in the next frame (FEC)`],
    ["late", of(figures.late)],
    ["skipped, evicted", `${figures.skipped}, ${figures.evicted}`],
    ["dropped, damaged", `${figures.dropped}, ${figures.damaged}`],
    ["delay", `${figures.meanDelayMs.toFixed(0)} ms on average, ${figures.maxDelayMs.toFixed(0)} ms at most`],
    ["heard", `${seconds} s`],
  ]
  return `${rows.map(([name, value]) => `${name!.padEnd(18)}${value}`).join("\n")}\n`
}

try {
  await main(process.argv.slice(2))
} catch (error) {
  const code = (error as NodeJS.ErrnoException).code
  const isFile = code === "ENOENT" || code === "EACCES" || code === "EISDIR"
  if (!(error instanceof UsageError) && !(error instanceof WavError) && !isFile) throw error
  process.stderr.write(`gap-audio: ${error instanceof Error ? error.message : String(error)}\n`)
  if (error instanceof UsageError) process.stderr.write("See --help.\n")
  process.exitCode = error instanceof UsageError ? 2 : 1
}
