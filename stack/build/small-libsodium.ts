import { createHash } from "node:crypto"
import type { Plugin } from "rolldown"
import { SODIUM_CURVE25519_FUNCTIONS } from "@qpc/crypto/browser"
import { keepExports } from "./wasm/keep-exports.ts"

/** SHA-256 of the file of libsodium 0.8.4 that the expressions below were written for, and of the module that is made of it. */
const PUBLISHED = "29087d1719326c68006fe88cd110110e6c198ea078bd9c417ba3975875c89819"
const SMALL_WASM = "539e298f3822b606dd9e1094b618f0031997e31ec1a68ba692fe4a99e2e3d9c5"

/** The WebAssembly in base64, as the argument of a function that decodes it. */
const EMBEDDED = /\(A=>\{for\(var I,g,C=0,[^]*?return E\}\)\("([\w+/=]+)"\)/
/** Functions as their users call them, and as the module exports them. */
const EXPORTED = /\bg\._(\w+)=A\.([\w$]+),/g

/** Decodes lower-case hexadecimal in milliseconds, where `parseInt` takes a tenth of a second. */
const FROM_HEX = `h => {
  const digit = i => (h.charCodeAt(i) & 15) + 9 * (h.charCodeAt(i) >> 6)
  const bytes = new Uint8Array(h.length / 2)
  for (let i = 0; i < bytes.length; i++) bytes[i] = digit(2 * i) << 4 | digit(2 * i + 1)
  return bytes
}`

/**
 * Makes libsodium smaller where it is bundled: what X25519 and Ed25519 do not need is taken out, without a change to what they do. The
 * WebAssembly is written in hexadecimal, of which brotli makes 50 KB, and of base64 58: that hides what repeats.
 */
export const smallLibsodium: Plugin = {
  name: "small libsodium",
  transform: { filter: { id: /\/libsodium\/dist\/modules-esm\/libsodium\.mjs$/ }, handler: (file) => smaller(file) },
}

/** @throws Error if the file is not the one that was looked at, or the module not the one that was tested */
export function smaller(file: string): string {
  check("libsodium", file, PUBLISHED)
  const names = new Map([...file.matchAll(EXPORTED)].map(([, name, exported]) => [name!, exported!]))
  const kept = new Set(SODIUM_CURVE25519_FUNCTIONS.map((name) => names.get(name) ?? name))
  const wasm = keepExports(Buffer.from(EMBEDDED.exec(file)?.[1] ?? "", "base64"), [...kept])
  check("its WebAssembly", wasm, SMALL_WASM)
  const decoded = `(${FROM_HEX})("${Buffer.from(wasm).toString("hex")}")`
  return file
    .replace(EMBEDDED, () => decoded)
    .replace(EXPORTED, (all, _, exported: string) => (kept.has(exported) ? all : ""))
}

function check(what: string, content: string | Uint8Array, expected: string): void {
  const found = createHash("sha256").update(content).digest("hex")
  if (found === expected) return
  throw new Error(`${what} has changed to ${found}: read what has changed, run the vectors, and write the digest here`)
}
