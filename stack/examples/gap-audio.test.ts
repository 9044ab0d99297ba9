import { spawnSync } from "node:child_process"
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { callThrough } from "./audio-call.ts"
import { makeSound } from "./sound.ts"
import { readWav, SAMPLE_RATE, writeWav } from "./wav.ts"
import type { Sound } from "./wav.ts"

const EXAMPLE = fileURLToPath(new URL("gap-audio.ts", import.meta.url))
const clean = { lossPercent: 0, delayMs: 60, jitterMs: 0, seed: 1 }

/** The syllables alone: what a codec for speech makes up for a tone that rises is wide of the mark. */
function syllables(seconds: number): Sound {
  return { channels: 1, samples: makeSound(1 + seconds).samples.subarray(SAMPLE_RATE) }
}

async function heardOf(seed: number): Promise<Float32Array> {
  return (await callThrough(makeSound(2), { ...clean, lossPercent: 30, seed })).sound.samples
}

/** How alike the loudness of two sounds is in each 10 ms, 1 for the same, at the shift that makes them most alike. */
function likeness(heard: Sound, said: Sound): number {
  const step = SAMPLE_RATE / 100
  const loudness = ({ samples }: Sound): number[] =>
    Array.from({ length: Math.floor(samples.length / step) }, (_, at) =>
      samples.subarray(at * step, (at + 1) * step).reduce((sum, sample) => sum + Math.abs(sample), 0),
    )
  const [a, b] = [loudness(heard), loudness(said)]
  const shifts = Array.from({ length: 40 }, (_, shift) => correlation(a.slice(shift), b))
  return Math.max(...shifts)
}

function correlation(a: readonly number[], b: readonly number[]): number {
  const length = Math.min(a.length, b.length)
  const product = (x: readonly number[], y: readonly number[]): number =>
    x.slice(0, length).reduce((sum, value, at) => sum + value * y[at]!, 0)
  return product(a, b) / Math.sqrt(product(a, a) * product(b, b))
}

describe("sound through a call", () => {
  it("arrives whole over a good line", async () => {
    const said = makeSound(3)
    const { sound, figures } = await callThrough(said, clean)
    expect(figures).toMatchObject({ sent: 150, lost: 0, played: 150, concealed: 0, late: 0, dropped: 0, damaged: 0 })
    expect(figures.meanDelayMs).toBeLessThan(130)
    expect(likeness(sound, said)).toBeGreaterThan(0.98)
  })

  it("is still the same sound where a fifth is lost and frames overtake each other", async () => {
    const said = syllables(5)
    const { sound, figures } = await callThrough(said, { lossPercent: 20, delayMs: 80, jitterMs: 60, seed: 7 })
    expect(figures.lost).toBeGreaterThan(30)
    expect(figures.played + figures.lost + figures.late).toBe(figures.sent)
    expect(figures.recovered).toBeGreaterThan(figures.lost / 3)
    expect(figures.maxDelayMs).toBeLessThan(300)
    expect(likeness(sound, said)).toBeGreaterThan(0.95)
  })

  it("is silence where all is lost", async () => {
    const { sound, figures } = await callThrough(makeSound(1), { ...clean, lossPercent: 100 })
    expect(figures).toMatchObject({ sent: 50, lost: 50, played: 0, concealed: 0, maxDelayMs: 0 })
    expect(sound.samples.every((sample) => sample === 0)).toBe(true)
  })

  it("is the same again with the same seed, and another with another", async () => {
    const first = await heardOf(3)
    expect(await heardOf(3)).toEqual(first)
    expect(await heardOf(4)).not.toEqual(first)
  })

  it("may have two channels", async () => {
    const { samples } = makeSound(1)
    const both = Float32Array.from({ length: 2 * samples.length }, (_, at) => (at % 2 === 0 ? samples[at / 2]! : 0))
    const { sound } = await callThrough({ channels: 2, samples: both }, clean)
    const energyOf = (side: number) => sound.samples.reduce((sum, one, at) => sum + (at % 2 === side ? one ** 2 : 0), 0)
    expect(energyOf(1)).toBeLessThan(0.05 * energyOf(0))
  })
})

describe("the example", () => {
  let folder = ""
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "gap-audio-"))
  })
  afterAll(() => {
    rmSync(folder, { recursive: true })
  })
  const run = (...words: readonly string[]) =>
    spawnSync(process.execPath, ["--conditions=@qpc/source", EXAMPLE, ...words], { encoding: "utf8", cwd: folder })

  it("sends a file and writes what was heard, with figures in JSON", () => {
    writeFileSync(join(folder, "said.wav"), writeWav(makeSound(1)))
    const { status, stdout, stderr } = run("said.wav", "--out", "heard.wav", "--json", "--loss", "0", "--jitter", "0")
    expect([status, stderr]).toEqual([0, ""])
    expect(JSON.parse(stdout)).toMatchObject({ sent: 50, lost: 0, played: 50, concealed: 0, packetBytes: 120 })
    expect(readWav(readFileSync(join(folder, "heard.wav"))).samples.length).toBeGreaterThanOrEqual(SAMPLE_RATE)
  })

  it("makes up a sound, and tells in words how it went", () => {
    const { status, stdout } = run("--seconds", "1", "--loss", "0")
    expect(status).toBe(0)
    expect(stdout).toMatch(/^sent +50 frames of \d+ bytes, 120 of them Opus$/m)
    expect(stdout).toMatch(/^delay +\d+ ms on average/m)
  })

  it.each([
    [2, '--loss is a number from 0 to 100, not "101"', ["--loss", "101"]],
    [2, "Unknown option '--foo'", ["--foo"]],
    [2, "one file at most can be sent", ["a.wav", "b.wav"]],
    [1, "no such file", ["nowhere.wav"]],
    [1, "this is not a WAV file", [EXAMPLE]],
  ])("exits with %i: %s", (status, message, words) => {
    const ended = run(...words)
    expect([ended.status, ended.stdout]).toEqual([status, ""])
    expect(ended.stderr).toContain(message)
    expect(ended.stderr).not.toContain("    at ")
  })

  it("says how it is used", () => {
    expect(run("--help").stdout).toContain("Usage: node")
  })
})
