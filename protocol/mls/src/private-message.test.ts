import { concatBytes, decodeWhole, encode, toUtf8, Writer } from "@qpc/wire"
import { describe, expect, it } from "vitest"
import type { ContentType } from "./framed-content.ts"
import {
  decodePrivateContent,
  decodeSenderData,
  encodeSenderData,
  privateContentAad,
  privateMessageBytes,
  readPrivateMessage,
  senderDataAad,
  withPrivateContent,
  writePrivateMessage,
} from "./private-message.ts"
import type { PrivateMessage } from "./private-message.ts"

const vector = (bytes: Uint8Array): Uint8Array => encode((writer) => writer.vector(bytes))
const message: PrivateMessage = {
  groupId: toUtf8("group"),
  epoch: 5n,
  contentType: "proposal",
  authenticatedData: new Uint8Array(300).fill(1),
  encryptedSenderData: new Uint8Array(28).fill(2),
  ciphertext: new Uint8Array(20_000).fill(3),
}
const ADDRESS = concatBytes(vector(message.groupId), Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 5, 2))

describe("a private message", () => {
  it("is laid out as RFC 9420 §6.3 says, of known length, and read back", () => {
    const { authenticatedData, encryptedSenderData, ciphertext } = message
    const encoded = concatBytes(ADDRESS, ...[authenticatedData, encryptedSenderData, ciphertext].map(vector))
    expect(encode((writer) => writePrivateMessage(writer, message))).toEqual(encoded)
    expect(privateMessageBytes(message)).toBe(encoded.length)
    expect(decodeWhole(encoded, readPrivateMessage)).toEqual(message)
  })

  it.each<[ContentType, number]>([
    ["application", 1],
    ["proposal", 2],
    ["commit", 3],
  ])("binds its sender data to group, epoch and kind of content (RFC 9420 §6.3.2): %s", (contentType, code) => {
    expect(senderDataAad({ ...message, contentType })).toEqual(ADDRESS.with(ADDRESS.length - 1, code))
  })

  it.each([0, 2, 300])("binds its content to %d bytes of authenticated data too (RFC 9420 §6.3.1)", (lengthBytes) => {
    const authenticatedData = new Uint8Array(lengthBytes).fill(1)
    expect(privateContentAad({ ...message, authenticatedData })).toEqual(
      concatBytes(ADDRESS, vector(authenticatedData)),
    )
  })

  it("has sender data of twelve bytes (RFC 9420 §6.3.2)", () => {
    const data = { leafIndex: 258, generation: 259, reuseGuard: Uint8Array.of(7, 8, 9, 10) }
    const encoded = Uint8Array.of(0, 0, 1, 2, 0, 0, 1, 3, 7, 8, 9, 10)
    expect(encodeSenderData(data)).toEqual(encoded)
    expect(decodeSenderData(encoded)).toEqual(data)
    expect(() => decodeSenderData(encoded.subarray(1))).toThrow("truncated")
    expect(() => decodeSenderData(Uint8Array.of(...encoded, 0))).toThrow("trailing_bytes")
  })
})

const bodyEncoded = vector(toUtf8("text"))
const auth = { signature: new Uint8Array(64).fill(1), confirmationTag: undefined }
const UNPADDED = concatBytes(bodyEncoded, vector(auth.signature))

function padded(paddedBytes: (contentBytes: number) => number): Uint8Array {
  return withPrivateContent({ bodyEncoded, auth }, paddedBytes, (content) => content.slice())
}

describe("the content of a private message", () => {
  it("is a body, what authenticates it, and zeros up to the length that was asked for", () => {
    const asked: number[] = []
    const content = padded((contentBytes) => {
      asked.push(contentBytes)
      return contentBytes + 9
    })
    expect(asked).toEqual([UNPADDED.length])
    expect(content).toEqual(concatBytes(UNPADDED, new Uint8Array(9)))
    expect(padded((contentBytes) => contentBytes)).toEqual(UNPADDED)
  })

  it("counts the confirmation tag of a commit", () => {
    const confirmed = { ...auth, confirmationTag: new Uint8Array(32).fill(2) }
    const expected = concatBytes(UNPADDED, vector(confirmed.confirmationTag))
    const content = withPrivateContent(
      { bodyEncoded, auth: confirmed },
      (contentBytes) => contentBytes,
      (lent) => lent.slice(),
    )
    expect(content).toEqual(expected)
  })

  it.each([
    ["less than it is long", -1],
    ["a part of a byte", 0.5],
    ["no number of bytes", Number.NaN],
  ])("is not padded to %s", (_, change) => {
    const { length } = UNPADDED
    const reason = new RangeError(`cannot pad ${length} bytes to ${length + change}`)
    expect(() => padded((contentBytes) => contentBytes + change)).toThrow(reason)
  })

  it("is lent: nothing of it stays where it was", () => {
    const lent = withPrivateContent(
      { bodyEncoded, auth },
      () => 256,
      (content) => content,
    )
    expect(lent).toEqual(new Uint8Array(256))
  })

  it.each([0, 1, 9])("is read back from %d bytes of padding", (paddingBytes) => {
    const content = decodePrivateContent(concatBytes(UNPADDED, new Uint8Array(paddingBytes)), "application")
    expect(content).toEqual({ body: { kind: "application", data: toUtf8("text") }, bodyEncoded, auth })
  })

  it("is refused where its padding carries anything", () => {
    const refused = expect.objectContaining({ code: "bad_value", offset: UNPADDED.length })
    for (const padding of [[1], [0, 0, 1], [1, 0, 0]]) {
      const bytes = concatBytes(UNPADDED, Uint8Array.from(padding))
      expect(() => decodePrivateContent(bytes, "application")).toThrow(refused)
    }
  })

  it("is read as what the message says that it is", () => {
    const removal = new Writer().uint16(3).uint32(7).finish()
    const content = decodePrivateContent(concatBytes(removal, vector(auth.signature)), "proposal")
    expect(content).toEqual({
      body: { kind: "proposal", proposal: { kind: "remove", removed: 7 } },
      bodyEncoded: removal,
      auth,
    })
  })
})
