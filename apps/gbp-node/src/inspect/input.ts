import { createReadStream } from "node:fs"
import { FRAME_MAX_BYTES } from "@qpc/gbp"
import { PrefixReader } from "@qpc/transport"
import { fromHex } from "@qpc/wire"
import { UsageError } from "../usage-error.ts"

/** One frame, and where it was found. */
export interface FoundFrame {
  readonly title: string
  readonly bytes: Uint8Array
}

/** Where the frames to explain come from; exactly one is set. */
export interface FrameSource {
  /** Hex or base64, of one frame. */
  readonly text: string | undefined
  /** The name of a file that is one frame; `-` for standard input. */
  readonly file: string | undefined
  /** The name of a file that is what a connection carried: lengths and frames; `-` for standard input. */
  readonly capture: string | undefined
}

/** @throws UsageError; FramingError where a capture is not a sequence of frames */
export async function* readFrames(source: FrameSource): AsyncGenerator<FoundFrame, void, void> {
  const { text, file, capture } = source
  if ([text, file, capture].filter((one) => one !== undefined).length !== 1) {
    throw new UsageError("Give one frame as hex or base64, or --file, or --capture.")
  }
  if (text !== undefined) yield { title: "frame", bytes: bytesOfText(text) }
  else if (file !== undefined) yield { title: "frame", bytes: await wholeFile(file) }
  else yield* framesOfCapture(capture!)
}

/** White space is allowed everywhere, so that a copied dump can be pasted. @throws UsageError */
function bytesOfText(text: string): Uint8Array {
  const packed = text.replaceAll(/\s+/g, "").replace(/^0x/i, "")
  if (/^(?:[0-9a-f]{2})+$/i.test(packed)) return fromHex(packed.toLowerCase())
  const [standard, urlSafe] = [/^[A-Za-z0-9+/]+={0,2}$/.test(packed), /^[A-Za-z0-9_-]+={0,2}$/.test(packed)]
  if (!standard && !urlSafe) {
    const at = text.search(/[^\sA-Za-z0-9+/=_-]/)
    const where = at < 0 ? "" : ` (see character ${at + 1})`
    throw new UsageError(`This is neither hex nor base64${where}.`, "For a file, use --file or --capture.")
  }
  const bytes = Buffer.from(packed, standard ? "base64" : "base64url")
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length)
}

async function wholeFile(name: string): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  let lengthBytes = 0
  for await (const chunk of chunksOf(name)) {
    chunks.push(chunk)
    lengthBytes += chunk.length
    if (lengthBytes > FRAME_MAX_BYTES) {
      throw new UsageError(
        `${name} is longer than a frame may be (${FRAME_MAX_BYTES} bytes).`,
        "For what a connection carried, use --capture.",
      )
    }
  }
  return Buffer.concat(chunks)
}

async function* framesOfCapture(name: string): AsyncGenerator<FoundFrame, void, void> {
  const reader = new PrefixReader(FRAME_MAX_BYTES)
  let [count, offset] = [0, 0]
  for await (const chunk of chunksOf(name)) {
    for (const bytes of reader.push(chunk)) {
      count++
      offset += PREFIX_BYTES
      yield { title: `frame ${count} at byte ${offset}`, bytes }
      offset += bytes.length
    }
  }
  reader.end()
}

const PREFIX_BYTES = 4

async function* chunksOf(name: string): AsyncGenerator<Uint8Array, void, void> {
  const stream = name === "-" ? process.stdin : createReadStream(name)
  try {
    for await (const chunk of stream) yield chunk as Uint8Array
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === undefined) throw error
    throw new UsageError(`${name} cannot be read (${code}).`, undefined, "noInput")
  }
}
