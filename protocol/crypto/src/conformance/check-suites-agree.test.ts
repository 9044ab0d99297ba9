import { describe, expect, it } from "vitest"
import { loadBrowserSuite, loadBrowserXWingSuite } from "../browser/index.ts"
import { newSuite, newXWingSuite, suite0001, suites } from "../node/index.ts"
import { checkSuitesAgree } from "./check-suites-agree.ts"

for (const [id, suite] of suites) {
  const other = await loadBrowserSuite(id)
  describe(`Node's ${suite.name} and the browser's`, () => checkSuitesAgree(suite, other, it))
}

for (const id of [0x0001, 0x0002, 0x0003]) {
  const [fastest, openssl] = [newSuite(id), newSuite(id, { libraries: "node:crypto" })]
  describe(`${fastest.name} with libsodium and without`, () => checkSuitesAgree(fastest, openssl, it))
}

const ofTsMls = { id: 0x0053, hash: "SHA-512", keyDerivation: "xwing" } as const
const xwing = await loadBrowserXWingSuite()
const xwingOfTsMls = await loadBrowserXWingSuite(ofTsMls)
describe("the native X-Wing suite and the one for browsers", () => checkSuitesAgree(newXWingSuite(), xwing, it))
describe("the seeded X-Wing suite and the one for browsers", () =>
  checkSuitesAgree(newXWingSuite({ encapsulation: "seeded" }), xwing, it))
describe("both X-Wing suites with the choices of ts-mls", () =>
  checkSuitesAgree(newXWingSuite({ ...ofTsMls, encapsulation: "seeded" }), xwingOfTsMls, it))

describe("agreement of two suites", () => {
  it("is denied to suites of different hashes", () => {
    const broken: string[] = []
    checkSuitesAgree({ ...suite0001, hash: () => new Uint8Array(32) }, suite0001, (behaviour, check) => {
      try {
        check()
      } catch {
        broken.push(behaviour)
      }
    })
    expect(broken).toEqual(["derive identical hashes, keys, signatures and ciphertexts from identical seeds"])
  })
})
