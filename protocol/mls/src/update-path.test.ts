import { concatBytes, encode } from "@qpc/wire"
import { describe, expect, it } from "vitest"
import { treeCodecs } from "./testing/tree-codecs.ts"
import { decodeUpdatePath, writeUpdatePath } from "./update-path.ts"

const pathBytes = treeCodecs().codecs["update path"]!.valid
const path = decodeUpdatePath(pathBytes)

describe("an update path", () => {
  it("is laid out as RFC 9420 §7.6 says, and read back", () => {
    const [node] = path.nodes
    const [sealed] = node!.encryptedPathSecret
    const ciphertext = encode((writer) => writer.vector(sealed!.kemOutput).vector(sealed!.ciphertext))
    const secrets = encode((writer) => writer.vector(concatBytes(ciphertext, ciphertext)))
    const nodes = concatBytes(Uint8Array.of(32), node!.encryptionKey, secrets)
    expect(pathBytes).toEqual(
      concatBytes(
        path.leafNode.encoded,
        encode((writer) => writer.vector(nodes)),
      ),
    )
    expect(encode((writer) => writeUpdatePath(writer, path))).toEqual(pathBytes)
  })
})
