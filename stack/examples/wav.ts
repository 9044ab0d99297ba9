/** Sound as it is in a WAV file: 48 kHz, one or two channels. */
export interface Sound {
  readonly channels: 1 | 2
  /** From −1 to 1, interleaved. */
  readonly samples: Float32Array
}

/** Thrown for a file that is no WAV file, or one that we do not play; the message says what to do. */
export class WavError extends Error {
  override readonly name = "WavError"
}

export const SAMPLE_RATE = 48_000
const [PCM, FLOAT, EXTENSIBLE] = [1, 3, 0xfffe]
const HEADER_BYTES = 44
const INT16_SCALE = 0x8000

/** What the chunk `fmt ` says. */
interface Format {
  readonly tag: number
  readonly channels: number
  readonly rate: number
  readonly bits: number
}

/** Reads PCM of 16 bits, or floats of 32. A data chunk that was cut off ends where the file ends. @throws WavError */
export function readWav(file: Uint8Array): Sound {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength)
  if (file.length < 12 || nameAt(view, 0) !== "RIFF" || nameAt(view, 8) !== "WAVE") {
    throw new WavError("this is not a WAV file: it does not begin with RIFF and WAVE")
  }
  const format = readFormat(chunkOf(view, "fmt "))
  const data = chunkOf(view, "data")
  const sampleBytes = format.bits / 8
  const count = Math.floor(data.byteLength / sampleBytes / format.channels) * format.channels
  const samples = Float32Array.from({ length: count }, (_, at) =>
    format.tag === FLOAT ? data.getFloat32(4 * at, true) : data.getInt16(2 * at, true) / INT16_SCALE,
  )
  if (!samples.every(Number.isFinite)) throw new WavError("a sample of this file is no number: write the file anew")
  return { channels: format.channels === 2 ? 2 : 1, samples }
}

/** Writes PCM of 16 bits; what is too loud is cut off. */
export function writeWav({ channels, samples }: Sound): Uint8Array {
  const dataBytes = 2 * samples.length
  const file = new Uint8Array(HEADER_BYTES + dataBytes)
  const view = new DataView(file.buffer)
  const frameBytes = 2 * channels
  writeName(view, 0, "RIFF")
  view.setUint32(4, HEADER_BYTES - 8 + dataBytes, true)
  writeName(view, 8, "WAVE")
  writeName(view, 12, "fmt ")
  view.setUint32(16, 16, true)
  view.setUint16(20, PCM, true)
  view.setUint16(22, channels, true)
  view.setUint32(24, SAMPLE_RATE, true)
  view.setUint32(28, SAMPLE_RATE * frameBytes, true)
  view.setUint16(32, frameBytes, true)
  view.setUint16(34, 16, true)
  writeName(view, 36, "data")
  view.setUint32(40, dataBytes, true)
  for (const [at, sample] of samples.entries()) {
    const rounded = Math.round(sample * INT16_SCALE)
    view.setInt16(HEADER_BYTES + 2 * at, Math.max(-INT16_SCALE, Math.min(INT16_SCALE - 1, rounded)), true)
  }
  return file
}

function readFormat(chunk: DataView): Format {
  if (chunk.byteLength < 16) throw new WavError("this WAV file is damaged: its format is cut off")
  const written = chunk.getUint16(0, true)
  // The extensible form says behind the 16 bytes that all have which of the others it is.
  const tag = written === EXTENSIBLE && chunk.byteLength >= 26 ? chunk.getUint16(24, true) : written
  const [channels, rate, bits] = [chunk.getUint16(2, true), chunk.getUint32(4, true), chunk.getUint16(14, true)]
  const isPlayed = (tag === PCM && bits === 16) || (tag === FLOAT && bits === 32)
  const advice = "convert it: ffmpeg -i IN -ar 48000 -ac 1 -c:a pcm_s16le OUT.wav"
  if (!isPlayed) throw new WavError(`samples of 16-bit PCM or 32-bit float are played; ${advice}`)
  if (rate !== SAMPLE_RATE) throw new WavError(`the file has ${rate} Hz, 48000 Hz are played; ${advice}`)
  if (channels !== 1 && channels !== 2) {
    throw new WavError(`the file has ${channels} channels, one or two are played; ${advice}`)
  }
  return { tag, channels, rate, bits }
}

/** The first chunk of a name. Chunks begin at even offsets. */
function chunkOf(view: DataView, name: string): DataView {
  let start = 12
  while (start + 8 <= view.byteLength) {
    const size = view.getUint32(start + 4, true)
    const body = start + 8
    if (nameAt(view, start) === name) {
      return new DataView(view.buffer, view.byteOffset + body, Math.min(size, view.byteLength - body))
    }
    start = body + size + (size % 2)
  }
  throw new WavError(`this WAV file is damaged: it has no chunk "${name}"`)
}

function nameAt(view: DataView, start: number): string {
  return String.fromCharCode(...[0, 1, 2, 3].map((at) => view.getUint8(start + at)))
}

function writeName(view: DataView, start: number, name: string): void {
  for (let at = 0; at < name.length; at++) view.setUint8(start + at, name.charCodeAt(at))
}
