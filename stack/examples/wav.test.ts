import { describe, expect, it } from "vitest"
import { readWav, SAMPLE_RATE, WavError, writeWav } from "./wav.ts"

const samples = Float32Array.of(0, 0.5, -0.5, -1, 0.25, 0.125)
const written = writeWav({ channels: 2, samples })

/** The file with a 16-bit field set: 20 the kind of samples, 22 channels, 24 the low half of the rate, 34 bits. */
function changed(offset: number, value: number): Uint8Array {
  const file = written.slice()
  new DataView(file.buffer).setUint16(offset, value, true)
  return file
}

/** Floats, in the extensible form, behind a chunk of odd length that nobody knows. */
function floats(values: readonly number[]): Uint8Array {
  const file = new Uint8Array(12 + 8 + 6 + 8 + 40 + 8 + 4 * values.length)
  const view = new DataView(file.buffer)
  const write = (start: number, name: string): void => {
    for (let at = 0; at < 4; at++) view.setUint8(start + at, name.charCodeAt(at))
  }
  write(0, "RIFF")
  write(8, "WAVE")
  write(12, "LIST")
  view.setUint32(16, 5, true)
  write(26, "fmt ")
  view.setUint32(30, 40, true)
  for (const [offset, value] of [
    [0, 0xfffe],
    [2, 1],
    [14, 32],
    [24, 3],
  ] as const)
    view.setUint16(34 + offset, value, true)
  view.setUint32(38, SAMPLE_RATE, true)
  write(74, "data")
  view.setUint32(78, 4 * values.length, true)
  for (const [at, value] of values.entries()) view.setFloat32(82 + 4 * at, value, true)
  return file
}

describe("a WAV file", () => {
  it("is read as it was written", () => {
    expect(readWav(written)).toEqual({ channels: 2, samples })
  })

  it("may hold floats, and chunks that do not matter", () => {
    expect(readWav(floats([0.1, -2]))).toEqual({ channels: 1, samples: Float32Array.of(0.1, -2) })
  })

  it("is played as far as it goes where it was cut off, in whole samples of all channels", () => {
    expect(readWav(written.subarray(0, 44 + 9)).samples).toEqual(samples.subarray(0, 4))
  })

  it("is written without running over: what is too loud is cut off", () => {
    const loud = writeWav({ channels: 1, samples: Float32Array.of(2, -2) })
    expect([...readWav(loud).samples]).toEqual([32_767 / 32_768, -1])
  })

  it.each([
    ["not a WAV file", new Uint8Array(20)],
    ["not a WAV file", new Uint8Array(0)],
    ["16-bit PCM or 32-bit float", changed(34, 24)],
    ["16-bit PCM or 32-bit float", changed(20, 85)],
    ["the file has 44100 Hz", changed(24, 44_100)],
    ["the file has 6 channels", changed(22, 6)],
    ["its format is cut off", written.subarray(0, 30)],
    ['no chunk "data"', written.subarray(0, 36)],
    ["a sample of this file is no number", floats([Number.NaN])],
  ])("is refused: %s", (message, file) => {
    expect(() => readWav(file)).toThrow(WavError)
    expect(() => readWav(file)).toThrow(message)
  })
})
