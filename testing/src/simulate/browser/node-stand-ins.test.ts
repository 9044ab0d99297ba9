import * as real from "node:crypto"
import { suite0001 } from "@qpc/crypto/node"
import { toUtf8 } from "@qpc/wire"
import { expect, it } from "vitest"
import { createHash, useSha256 } from "./node-stand-ins.ts"

it("the page's SHA-256 is that of Node, in the forms that the server uses", () => {
  useSha256((message) => suite0001.hash(message))
  const parts = ["text", toUtf8("bytes")]
  const [ours, theirs] = [createHash, real.createHash].map((create) => {
    const hash = create("sha256")
    for (const part of parts) hash.update(part)
    return hash.digest("hex")
  })
  expect(ours).toBe(theirs)
  expect(createHash("sha256").update("a").digest()).toEqual(
    new Uint8Array(real.createHash("sha256").update("a").digest()),
  )
  expect(() => createHash("sha512")).toThrow("there is no sha512 here")
})
