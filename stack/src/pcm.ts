/**
 * 20 ms of sound: 960 samples of each channel, interleaved. Float32 is from −1 to 1, what is louder is limited by the
 * codec.
 */
export type Pcm = Float32Array | Int16Array

const INT16_SCALE = 0x8000

/** The same sound in 16 bits, rounded to the nearest; what is too loud is cut off. */
export function toInt16(pcm: Float32Array): Int16Array {
  return Int16Array.from(pcm, (sample) =>
    Math.max(-INT16_SCALE, Math.min(INT16_SCALE - 1, Math.round(sample * INT16_SCALE))),
  )
}

/** The same sound from −1 to 1. */
export function toFloat32(pcm: Int16Array): Float32Array {
  return Float32Array.from(pcm, (sample) => sample / INT16_SCALE)
}
