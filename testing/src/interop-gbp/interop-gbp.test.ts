import { expectNonceReuse } from "@qpc/crypto/conformance"
import { describe, expect, it } from "vitest"
import { FLAWS } from "./flaws.ts"
import { ourStack } from "./our-stack.ts"
import { SCENES } from "./scenes.ts"

const WHY = "all members have the same key, and each counts for itself"
const cast = { creator: ourStack, joiner: ourStack, third: ourStack }

/** What `npm run interop:gbp` plays with the published stack, which is not built for tests. */
describe("profile 1 among ours", () => {
  it.each(SCENES.filter(({ isOneSided }) => isOneSided === true))("plays: $name", async ({ play }) => {
    await expect(play(cast)).resolves.toBeUndefined()
  })

  it.each(SCENES.filter(({ isOneSided }) => isOneSided !== true))("plays: $name", async ({ play }) => {
    await expect(expectNonceReuse(WHY, async () => await play(cast))).resolves.toBeUndefined()
  })

  it.each(FLAWS.filter(({ isInTheBytes }) => !isInTheBytes))("has no flaw: $name", async ({ see }) => {
    expect(await see(ourStack)).toBe(false)
  })

  it.each(FLAWS.filter(({ reusesNonce }) => reusesNonce === true))("cannot mend: $name", async ({ see }) => {
    expect(await expectNonceReuse(WHY, async () => await see(ourStack))).toBe(true)
  })

  it.each(FLAWS.filter(({ isInTheBytes, reusesNonce }) => isInTheBytes && reusesNonce !== true))(
    "cannot mend: $name",
    async ({ see }) => {
      expect(await see(ourStack)).toBe(true)
    },
  )
})
