import type { SFrameCipher } from "@qpc/crypto"
import { equalBytes, fromHex, toHex } from "@qpc/wire"
import { missingFile } from "@qpc/wire/vectors"
import type { VectorFiles, VectorResult, VectorSet } from "@qpc/wire/vectors"
import { decodeHeader, encodeHeader } from "../header.ts"
import { SFrameReceiver } from "../sframe-receiver.ts"
import { SFrameSender } from "../sframe-sender.ts"

type Hex<Name extends string> = Readonly<Record<Name, string>>

/** A header; its numbers as decimal digits, because they have 64 bits. */
type HeaderCase = Hex<"kid" | "ctr" | "encoded">
/** AES-CTR with HMAC alone, key and nonce being given. */
type CipherCase = Hex<"key" | "nonce" | "aad" | "pt" | "ct"> & { readonly cipher_suite: number }
/** A whole frame. */
type FrameCase = Hex<
  "kid" | "ctr" | "base_key" | "sframe_secret" | "sframe_key" | "sframe_salt" | "metadata" | "pt" | "ct"
> &
  Hex<"sframe_key_label" | "sframe_salt_label"> & { readonly cipher_suite: number }

const FOLDER = "sframe-rfc9605"

/** The vectors of RFC 9605 appendix C, and those of the suites that its registry got later. */
export function sframeVectorSets(files: VectorFiles, ciphers: ReadonlyMap<number, SFrameCipher>): VectorSet[] {
  const set = (file: string, name: string, cases: number, check: (one: never) => void): VectorSet => ({
    name: `${FOLDER}/${name}`,
    run: () => runCases(files, file, name, cases, check),
  })
  const sealed = (one: CipherCase): void => checkCipher(cipherOf(ciphers, one.cipher_suite), one)
  const framed = (one: FrameCase): void => checkFrame(cipherOf(ciphers, one.cipher_suite), one)
  return [
    set("test-vectors", "header", 289, checkHeader),
    set("test-vectors", "aes_ctr_hmac", 3, sealed),
    set("test-vectors", "aes_256_ctr_hmac", 3, sealed),
    set("test-vectors", "sframe", 5, framed),
    set("test-vectors-aes256", "sframe_aes_256_ctr_hmac", 3, framed),
  ]
}

function runCases(
  files: VectorFiles,
  file: string,
  name: string,
  expected: number,
  check: (one: never) => void,
): VectorResult {
  const path = `${FOLDER}/${file}.json`
  const text = files.text(path)
  if (text === undefined) return missingFile(files, path, expected)
  const cases = (JSON.parse(withLongNumbers(text)) as Readonly<Record<string, readonly unknown[]>>)[name] ?? []
  const failures: string[] = []
  for (const [at, one] of cases.entries()) {
    try {
      check(one as never)
    } catch (error) {
      failures.push(`case ${at}: ${error instanceof Error ? error.message : String(error)}`)
    }
  }
  const failed = failures.length
  return { cases: cases.length, passed: cases.length - failed, failed, skipped: 0, failures }
}

/** JSON's numbers have 53 bits in JavaScript: those of 64 become strings. */
function withLongNumbers(text: string): string {
  return text.replaceAll(/"(kid|ctr)":\s*(\d+)/g, '"$1": "$2"')
}

function cipherOf(ciphers: ReadonlyMap<number, SFrameCipher>, id: number): SFrameCipher {
  const cipher = ciphers.get(id)
  if (cipher === undefined) throw new Error(`no SFrame cipher suite ${id}`)
  return cipher
}

function checkHeader({ kid, ctr, encoded }: HeaderCase): void {
  const header = { kid: BigInt(kid), counter: BigInt(ctr) }
  mustBe("header", encodeHeader(header), encoded)
  const read = decodeHeader(fromHex(`${encoded}ff`))
  if (read.kid !== header.kid || read.counter !== header.counter || read.lengthBytes !== encoded.length / 2) {
    throw new Error(`read as ${read.kid} and ${read.counter}`)
  }
}

function checkCipher(cipher: SFrameCipher, { key, nonce, aad, pt, ct }: CipherCase): void {
  const given = [fromHex(key), fromHex(nonce), fromHex(aad)] as const
  mustBe("ciphertext", cipher.seal(...given, fromHex(pt)), ct)
  mustBe("plaintext", cipher.open(...given, fromHex(ct)), pt)
}

function checkFrame(cipher: SFrameCipher, one: FrameCase): void {
  const [kid, counter, baseKey] = [BigInt(one.kid), BigInt(one.ctr), fromHex(one.base_key)]
  const secret = cipher.extract(new Uint8Array(0), baseKey)
  mustBe("secret", secret, one.sframe_secret)
  mustBe("key", cipher.expand(secret, fromHex(one.sframe_key_label), cipher.keyBytes), one.sframe_key)
  mustBe("salt", cipher.expand(secret, fromHex(one.sframe_salt_label), cipher.nonceBytes), one.sframe_salt)
  const sender = new SFrameSender({ cipher, kid, baseKey, firstCounter: counter })
  mustBe("frame", sender.seal(fromHex(one.pt), fromHex(one.metadata)), one.ct)
  const receiver = new SFrameReceiver(cipher, kid, baseKey)
  const frame = fromHex(one.ct)
  const opened = receiver.open(frame, decodeHeader(frame), fromHex(one.metadata))
  mustBe("plaintext", opened.kind === "frame" ? opened.plaintext : undefined, one.pt)
}

function mustBe(what: string, bytes: Uint8Array | undefined, hex: string): void {
  if (bytes === undefined || !equalBytes(bytes, fromHex(hex))) {
    throw new Error(`the ${what} is ${bytes === undefined ? "refused" : toHex(bytes)}`)
  }
}
