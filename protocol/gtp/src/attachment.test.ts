import { createHash } from "node:crypto"
import { fromHex, toHex, toUtf8 } from "@qpc/wire"
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { AttachmentAssembler } from "./attachment-assembler.ts"
import { decodeChunk, decodeManifest, encodeChunk, encodeManifest, NAME_MAX_CHARACTERS } from "./attachment.ts"
import type { AttachmentChunk, AttachmentManifest } from "./attachment.ts"
import { cutAttachment } from "./cut-attachment.ts"

const sha256 = (data: Uint8Array): Uint8Array => new Uint8Array(createHash("sha256").update(data).digest())
/** Ten bytes in chunks of four: 4, 4 and 2. */
const ten = cutAttachment({
  data: toUtf8("0123456789"),
  name: "ten.txt",
  mimeType: "text/plain",
  attachmentId: 7n,
  sha256,
  chunkBytes: 4,
})
const chunk = (index: number, changes: Partial<AttachmentChunk> = {}): AttachmentChunk => ({
  ...ten.chunks[index]!,
  ...changes,
})
const begin = (changes: Partial<AttachmentManifest> = {}) => AttachmentAssembler.begin({ ...ten.manifest, ...changes })!

describe("an attachment on the wire", () => {
  it("is described by the map aid, name, mime, size, nc, hash", () => {
    const manifest = {
      attachmentId: 1n,
      name: "a",
      mimeType: "b",
      sizeBytes: 2n,
      chunkCount: 1,
      hash: new Uint8Array(32),
    }
    const written = `a66361696401646e616d656161646d696d6561626473697a6502626e630164686173685820${"00".repeat(32)}`
    expect(toHex(encodeManifest(manifest))).toBe(written)
    expect(decodeManifest(fromHex(written))).toEqual(manifest)
  })

  it("comes in chunks that are the map aid, idx, nc, data", () => {
    expect(toHex(encodeChunk(chunk(2)))).toBe("a463616964076369647802626e63036464617461423839")
    expect(decodeChunk(encodeChunk(chunk(2)))).toEqual(chunk(2))
  })

  it("has no chunk above the limit, and no longer name", () => {
    expect(() => decodeChunk(encodeChunk(chunk(0)), { sizeBytes: 10, chunkBytes: 3, chunkCount: 4 })).toThrow(
      "too_large",
    )
    const named = { ...ten.manifest, name: "x".repeat(NAME_MAX_CHARACTERS + 1) }
    expect(() => decodeManifest(encodeManifest(named))).toThrow("too_large")
  })
})

describe("cutting an attachment", () => {
  it("makes chunks of one length, and a shorter last one", () => {
    expect(ten.chunks.map(({ data }) => data.length)).toEqual([4, 4, 2])
    expect(ten.manifest).toMatchObject({ sizeBytes: 10n, chunkCount: 3, hash: sha256(toUtf8("0123456789")) })
  })

  it("refuses what is above the limits", () => {
    const options = { data: new Uint8Array(10), name: "", mimeType: "", attachmentId: 1n, sha256 }
    expect(() => cutAttachment({ ...options, limits: { sizeBytes: 9 } })).toThrow(RangeError)
    expect(() => cutAttachment({ ...options, chunkBytes: 1, limits: { chunkCount: 9 } })).toThrow(RangeError)
    expect(() => cutAttachment({ ...options, chunkBytes: 0 })).toThrow(RangeError)
    expect(() => cutAttachment({ ...options, name: "x".repeat(256) })).toThrow(RangeError)
  })
})

describe("putting an attachment together", () => {
  it("takes chunks in any order, and tells what is missing", () => {
    const assembler = begin()
    expect(assembler.missing).toEqual([[0, 3]])
    expect(assembler.push(chunk(1))).toBe("taken")
    expect(assembler.missing).toEqual([
      [0, 1],
      [2, 3],
    ])
    expect(assembler.assemble(sha256)).toEqual({ kind: "fault", reason: "incomplete" })
    expect([assembler.push(chunk(2)), assembler.push(chunk(0)), assembler.push(chunk(0))]).toEqual([
      "taken",
      "taken",
      "duplicate",
    ])
    expect(assembler.assemble(sha256)).toEqual({ kind: "attachment", data: toUtf8("0123456789") })
  })

  it("makes an empty attachment out of nothing", () => {
    const empty = cutAttachment({ data: new Uint8Array(0), name: "", mimeType: "", attachmentId: 1n, sha256 })
    expect(empty.chunks).toEqual([])
    expect(AttachmentAssembler.begin(empty.manifest)!.assemble(sha256)).toEqual({
      kind: "attachment",
      data: new Uint8Array(0),
    })
  })

  it.each([
    ["of another attachment", chunk(0, { attachmentId: 8n }), "wrong_attachment"],
    ["that counts differently", chunk(0, { chunkCount: 4 }), "wrong_attachment"],
    ["beyond the last", chunk(0, { index: 3 }), "bad_index"],
    ["of which the last would have no room", chunk(0, { data: new Uint8Array(5) }), "bad_length"],
    ["so short that the last would be longer", chunk(0, { data: new Uint8Array(3) }), "bad_length"],
    ["that is last and longer than the others could be", chunk(2, { data: new Uint8Array(4) }), "bad_length"],
    ["that is last and empty", chunk(2, { data: new Uint8Array(0) }), "bad_length"],
    ["that is last and leaves no whole number for the others", chunk(2, { data: new Uint8Array(1) }), "bad_length"],
  ])("does not take a chunk %s", (_, bad, fault) => {
    const assembler = begin()
    expect(assembler.push(bad)).toBe(fault)
    expect(assembler.receivedCount).toBe(0)
  })

  it("does not take a chunk of another length than the ones it has", () => {
    const assembler = AttachmentAssembler.begin({ ...ten.manifest, chunkCount: 4, sizeBytes: 13n })!
    expect(assembler.push({ attachmentId: 7n, index: 0, chunkCount: 4, data: new Uint8Array(4) })).toBe("taken")
    expect(assembler.push({ attachmentId: 7n, index: 1, chunkCount: 4, data: new Uint8Array(3) })).toBe("bad_length")
    expect(assembler.push({ attachmentId: 7n, index: 3, chunkCount: 4, data: new Uint8Array(1) })).toBe("taken")
  })

  it("begins anew when the whole is not what the manifest says", () => {
    const assembler = begin()
    for (const index of [0, 1]) assembler.push(chunk(index))
    assembler.push(chunk(2, { data: toUtf8("xx") }))
    expect(assembler.assemble(sha256)).toEqual({ kind: "fault", reason: "hash_mismatch" })
    expect(assembler.missing).toEqual([[0, 3]])
  })

  it("takes no memory for what a manifest promises, and none for one above the limits", () => {
    expect(AttachmentAssembler.begin({ ...ten.manifest, sizeBytes: 2n ** 63n })).toBeUndefined()
    expect(AttachmentAssembler.begin({ ...ten.manifest, chunkCount: 4097, sizeBytes: 4097n })).toBeUndefined()
    expect(AttachmentAssembler.begin({ ...ten.manifest, chunkCount: 11 })).toBeUndefined()
    expect(AttachmentAssembler.begin({ ...ten.manifest, chunkCount: 1 }, { chunkBytes: 9 })).toBeUndefined()
    expect(AttachmentAssembler.begin({ ...ten.manifest, chunkCount: 0 })).toBeUndefined()
  })

  it("lists at most 64 ranges of what is missing", () => {
    const many = { ...ten.manifest, chunkCount: 400, sizeBytes: 400n }
    const assembler = AttachmentAssembler.begin(many)!
    for (let index = 1; index < 400; index += 2) {
      assembler.push({ attachmentId: 7n, index, chunkCount: 400, data: new Uint8Array(1) })
    }
    expect(assembler.missing).toHaveLength(64)
    expect(assembler.missing.at(-1)).toEqual([126, 127])
  })

  it("reads back what was cut, whatever order the chunks come in", () => {
    const cases = fc.tuple(
      fc.uint8Array({ maxLength: 200 }),
      fc.integer({ min: 1, max: 50 }),
      fc.infiniteStream(fc.nat()),
    )
    fc.assert(
      fc.property(cases, ([data, chunkBytes, order]) => {
        const { manifest, chunks } = cutAttachment({
          data,
          name: "",
          mimeType: "",
          attachmentId: 1n,
          sha256,
          chunkBytes,
        })
        const assembler = AttachmentAssembler.begin(manifest)!
        const left = [...chunks]
        while (left.length > 0) {
          const [next] = left.splice(order.next().value % left.length, 1)
          expect(assembler.push(next!)).toBe("taken")
        }
        expect(assembler.assemble(sha256)).toEqual({ kind: "attachment", data })
      }),
    )
  })
})
