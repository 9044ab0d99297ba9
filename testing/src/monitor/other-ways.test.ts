import { globSync, readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { describe, expect, it } from "vitest"

const root = fileURLToPath(new URL("../../../", import.meta.url))
const sources = globSync("{protocol,network,apps,server,sdk}/**/src/**/*.ts", { cwd: root }).filter(
  (path) => !/node_modules|\/dist\/|\.test\.ts$|\.d\.ts$/.test(path),
)

/** Whatever encrypts: of Node, of @noble/ciphers, of libsodium, and of WebCrypto. */
const ENCRYPTS =
  /createCipheriv|Cipheriv\(|publicEncrypt|@noble\/ciphers|crypto_(?:aead|secretbox|secretstream|box|stream)|subtle\.|\.encrypt\(/

function ways(path: string, text: string): string[] {
  return text.split("\n").flatMap((line) => (ENCRYPTS.test(line) ? [`${path}: ${line.trim()}`] : []))
}

describe("what encrypts", () => {
  it("is what the nonce monitor watches, and nothing else", () => {
    const found = sources.flatMap((path) => ways(path, readFileSync(root + path, "utf8")))
    expect([...new Set(found.map((way) => way.slice(0, way.indexOf(":"))))].toSorted()).toEqual([
      "protocol/crypto/src/browser/aead.ts",
      "protocol/crypto/src/browser/sframe-ciphers.ts",
      "protocol/crypto/src/node/aead.ts",
      "protocol/crypto/src/node/sframe-ciphers.ts",
    ])
  })

  it.each([
    "sodium.crypto_aead_chacha20poly1305_ietf_encrypt(text, null, null, nonce, key)",
    'import { xchacha20poly1305 } from "@noble/ciphers/chacha.js"',
    "await crypto.subtle.encrypt(algorithm, key, text)",
    'createCipheriv("aes-128-ctr", key, nonce)',
  ])("would be found: %s", (line) => {
    expect(ways("x.ts", line)).toHaveLength(1)
  })
})
