import { createCipheriv } from "node:crypto"
import { nodeRandom, sframeCiphers } from "@qpc/crypto/node"
import { JitterBuffer, Playout } from "@qpc/gap"
import { SFrameSession } from "@qpc/sframe"
import { OpusDecoder, OpusEncoder } from "gbp-stack/opus"
import type { CodecName } from "gbp-node/golden"
import type { Contender } from "../bench/measure.ts"
import type { PublishedStack } from "../interop-gbp/published-stack.ts"
import { OPUS, Pair } from "./pair.ts"
import type { ProfileName, StreamName } from "./pair.ts"

/** Which way a frame goes. */
export type Way = "send" | "receive"

const AES_128_GCM = 4
const NOW_MS = 0
const SAMPLES = 960

/** `gbp-stack` in one profile: `send` is encode, seal and frame, `receive` the way back, up to what the client accepts. */
export function ours(profile: ProfileName, way: Way, stream: StreamName, codec: CodecName): Contender {
  const pair = new Pair(profile)
  if (way === "send") return { name: profile, run: repeated(() => void pair.send(stream, codec)) }
  let frames: Uint8Array[] = []
  return {
    name: profile,
    prepare: (count) => {
      frames = Array.from({ length: count }, () => pair.send(stream, codec))
    },
    run: () => {
      for (const frame of frames) pair.receive(frame)
    },
  }
}

/** The published stack doing the same, in its process. */
export function published(stack: PublishedStack, way: Way, stream: StreamName | "sframe", codec: CodecName): Contender {
  const about = { operation: `${way} ${stream}`, codec }
  return {
    name: "published",
    prepare: async (count) => void (await stack.ask({ ask: "prepare", ...about, count })),
    run: async (count) => void (await stack.ask({ ask: "run", ...about, count })),
  }
}

/** SFrame of 80 bytes between two members. */
export function sframe(way: Way): Contender {
  const baseKey = nodeRandom(32)
  const sessionOf = (ownLeafIndex: number): SFrameSession => {
    const session = new SFrameSession({ cipher: sframeCiphers.get(AES_128_GCM)!, context: 0n })
    session.enterEpoch({ epoch: 1n, baseKey: baseKey.slice(), ownLeafIndex, isMember: () => true }, NOW_MS)
    return session
  }
  const [sender, receiver] = [sessionOf(0), sessionOf(1)]
  if (way === "send") return { name: "@qpc/sframe", run: repeated(() => void sender.seal(OPUS)) }
  let frames: Uint8Array[] = []
  return {
    name: "@qpc/sframe",
    prepare: (count) => {
      frames = Array.from({ length: count }, () => sender.seal(OPUS))
    },
    run: () => {
      for (const frame of frames)
        if (receiver.open(frame, NOW_MS).kind !== "frame") throw new Error("a frame was dropped")
    },
  }
}

/** Nothing but AES-128-GCM of 80 bytes, each under a nonce of its own: what no SFrame on `node:crypto` can be faster than. */
export function bareCipher(): Contender {
  const key = nodeRandom(16)
  const nonce = Buffer.alloc(12)
  let count = 0
  const seal = (): void => {
    nonce.writeUInt32BE(++count, 8)
    const cipher = createCipheriv("aes-128-gcm", key, nonce)
    cipher.setAAD(nonce)
    Buffer.concat([cipher.update(OPUS), cipher.final(), cipher.getAuthTag()])
  }
  return { name: "node:crypto", run: repeated(seal) }
}

/** One frame pushed and one popped, every tenth pair of frames in the wrong order. */
export function jitterBuffer(): Contender {
  const buffer = new JitterBuffer<{ readonly sequence: number }>()
  let count = 0
  const turn = (): void => {
    const swapped = count % 10 === 4 ? 1 : count % 10 === 5 ? -1 : 0
    buffer.push({ sequence: (count + swapped) & 0xffff })
    count++
    if (count > 3) buffer.popInOrder()
  }
  return { name: "JitterBuffer", run: repeated(turn) }
}

/** One frame pushed and one turn played, one frame of a hundred lost. */
export function playout(): Contender {
  const player = new Playout<{ readonly sequence: number; readonly timestamp: bigint }>()
  let count = 0
  const turn = (): void => {
    const frame = { sequence: count & 0xffff, timestamp: BigInt(count * SAMPLES) }
    if (count % 100 !== 50) player.push(frame, count * 20)
    count++
    player.turn()
  }
  return { name: "Playout", run: repeated(turn) }
}

/** 20 ms of a tone into a packet, with the defaults of `gbp-stack/opus`. */
export async function opusEncode(): Promise<Contender> {
  const encoder = await OpusEncoder.create()
  const sound = tone()
  return { name: "libopus-wasm", run: repeated(() => void encoder.encode(sound)) }
}

/** A packet into 20 ms of sound. */
export async function opusDecode(): Promise<Contender> {
  const [encoder, decoder] = [await OpusEncoder.create(), await OpusDecoder.create()]
  const packet = encoder.encode(tone())!
  return { name: "libopus-wasm", run: repeated(() => void decoder.decode(packet)) }
}

function tone(): Float32Array {
  return Float32Array.from({ length: SAMPLES }, (_, at) => 0.3 * Math.sin((2 * Math.PI * 440 * at) / 48_000))
}

function repeated(once: () => void): (count: number) => void {
  return (count) => {
    for (let done = 0; done < count; done++) once()
  }
}
