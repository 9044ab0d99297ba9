import type { Command } from "../command.ts"
import { textOf } from "../command.ts"
import { EXIT_CODES } from "../exit-code.ts"
import { explainFrame } from "../inspect/explain-frame.ts"
import { readFrames } from "../inspect/input.ts"
import { frameLines } from "../inspect/print-frame.ts"

/** Explains frames without any key: each field in plain words, and who can read what. */
export const inspect: Command = {
  name: "inspect",
  summary: "explain a frame field by field: what anyone can read, what is sealed, where it is wrong",
  argument: { name: "frame", description: "one frame as hex or base64", isOptional: true },
  options: [
    { flags: "--file <name>", description: "read one frame from a file; - for standard input" },
    {
      flags: "--capture <name>",
      description:
        "read what a connection carried, each frame behind its length (u32, little-endian); - for standard input",
    },
  ],
  examples: [
    "gbp-node inspect a46176026367696450…",
    "gbp-node inspect --capture session.bin",
    "gbp-node --json inspect --file frame.bin",
  ],
  run: async ({ output }, values) => {
    const source = { text: textOf(values, "frame"), file: textOf(values, "file"), capture: textOf(values, "capture") }
    let areFrames = true
    for await (const { title, bytes } of readFrames(source)) {
      const frame = explainFrame(bytes)
      areFrames &&= frame.fault === undefined
      output.result({ title, ...frame }, ...frameLines(title, frame))
    }
    return areFrames ? EXIT_CODES.ok : EXIT_CODES.badFrame
  },
}
