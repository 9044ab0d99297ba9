import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { withPrefix } from "@qpc/transport"
import { encodeCbor, toHex } from "@qpc/wire"
import { afterAll, describe, expect, it } from "vitest"
import { AUDIO_2, SEALED_2, TEXT_1 } from "../testing/frames.ts"
import { ran } from "../testing/world.ts"

const folder = mkdtempSync(join(tmpdir(), "gbp-node-"))
afterAll(() => rmSync(folder, { recursive: true }))
const file = (name: string, bytes: Uint8Array): string => {
  writeFileSync(join(folder, name), bytes)
  return join(folder, name)
}

const squeezed = (text: string): string[] => text.split("\n").map((line) => line.replaceAll(/ {2,}/g, "  ").trim())

describe("gbp-node inspect", () => {
  it("explains an audio frame", async () => {
    const { exitCode, out, err } = await ran(["inspect", toHex(AUDIO_2)])
    expect({ exitCode, err }).toEqual({ exitCode: 0, err: "" })
    expect(squeezed(out)).toEqual([
      "frame: gbp/2 audio, 103 bytes",
      "byte  length  field  value  meaning",
      "1  3  v  version  2  gbp/2",
      "4  21  gid  group id  000102030405060708090a0b0c0d0e0f  which group; the same in all of its frames",
      "25  8  ep  epoch  65539  which generation of the group's keys seals the payload",
      "33  4  st  stream type  1  audio stream",
      "37  66  pl  payload  a802000329aaaaaa… (61 bytes)  sealed: an SFrame frame",
      "42  5  pl.kid  key id  0x20003  leaf 2, context 0, epoch 65539",
      "42  5  pl.ctr  counter  41  which frame of that key",
      "47  56  pl.body  ciphertext and tag  aaaaaaaaaaaaaaaa… (56 bytes)  sealed: the audio payload",
      "anyone on the way reads:",
      "- version",
      "- group id",
      "- epoch",
      "- that it is audio",
      "- the sender's leaf and the frame's number (SFrame header)",
      "only members read:",
      "- source, time stamp and sound",
      "",
    ])
  })

  it("reads base64, with and without line breaks, as well", async () => {
    const base64 = Buffer.from(SEALED_2).toString("base64")
    const wrapped = base64.replaceAll(/.{40}/g, "$&\n")
    const url = Buffer.from(SEALED_2).toString("base64url")
    const outs = await Promise.all([base64, wrapped, url].map(async (text) => (await ran(["inspect", text])).out))
    expect(outs[0]).toContain("frame: gbp/2, 221 bytes")
    expect(new Set(outs).size).toBe(1)
  })

  it("goes through a capture and says where each frame begins", async () => {
    const name = file(
      "capture.bin",
      Buffer.concat([TEXT_1, Uint8Array.of(7), SEALED_2].map((frame) => withPrefix(frame))),
    )
    const { exitCode, out } = await ran(["inspect", "--capture", name])
    expect(out.split("\n").filter((line) => line.startsWith("frame"))).toEqual([
      "frame 1 at byte 4: gbp/1, 88 bytes",
      "frame 2 at byte 96: not a frame of the Group Protocol Stack, 1 byte",
      "frame 3 at byte 101: gbp/2, 221 bytes",
    ])
    expect(exitCode).toBe(65)
  })

  it("prints one JSON object for each frame", async () => {
    const { out } = await ran(["--json", "inspect", "--file", file("frame.bin", TEXT_1)])
    const value = JSON.parse(out) as { kind: string; fields: { key: string; offset: number }[] }
    expect(value.kind).toBe("gbp/1")
    expect(value.fields.find(({ key }) => key === "psz")).toMatchObject({ offset: 55, value: "20" })
  })

  it("prints nothing that a terminal would act on", async () => {
    const { out } = await ran(["inspect", toHex(encodeCbor(new Map([["\u001b[2J\u202e", 1]])))])
    expect(out).toContain(String.raw`\u001b[2J\u202e`)
    expect(["\u001b", "\u202e"].filter((unit) => out.includes(unit))).toEqual([])
  })

  it.each([
    { words: ["inspect"], exitCode: 2, says: "Give one frame" },
    { words: ["inspect", "--file", "a", "--capture", "b"], exitCode: 2, says: "Give one frame" },
    { words: ["inspect", "a4!"], exitCode: 2, says: "neither hex nor base64 (see character 3)" },
    { words: ["inspect", "--file", join(folder, "none")], exitCode: 66, says: "cannot be read (ENOENT)" },
    { words: ["inspect", "a4"], exitCode: 65, says: "" },
  ])("ends with $exitCode for $words", async ({ words, exitCode, says }) => {
    const ended = await ran(words)
    expect(ended.exitCode).toBe(exitCode)
    expect(ended.err).toContain(says)
  })

  it("says where a capture stops being one", async () => {
    const name = file("cut.bin", withPrefix(TEXT_1).subarray(0, 40))
    const { exitCode, err } = await ran(["inspect", "--capture", name])
    expect(exitCode).toBe(65)
    expect(err).toBe("error: At byte 40: the stream ended 52 bytes before the end of a frame.\n")
  })
})
