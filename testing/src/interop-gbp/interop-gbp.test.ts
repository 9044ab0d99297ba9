import { expectNonceReuse } from "@qpc/crypto/conformance"
import { describe, expect, it } from "vitest"
import { facadeStack } from "./facade-stack.ts"
import { FLAWS, NODE_FLAWS } from "./flaws.ts"
import { ourStack } from "./our-stack.ts"
import { SCENES } from "./scenes.ts"

const WHY = "all members have the same key, and each counts for itself"

/** What `npm run interop:gbp` plays with the published stack, which is not built for tests. */
describe.each([
  ["our parts", ourStack, ourStack],
  ["the facade", facadeStack, facadeStack],
  ["our parts with the facade", ourStack, facadeStack],
  ["the facade with our parts", facadeStack, ourStack],
])("profile 1 among %s", (_, creator, joiner) => {
  const cast = { creator, joiner, third: creator }

  it.each(SCENES.filter(({ isOneSided }) => isOneSided === true))("plays: $name", async ({ play }) => {
    await expect(play(cast)).resolves.toBeUndefined()
  })

  it.each(SCENES.filter(({ isOneSided }) => isOneSided !== true))("plays: $name", async ({ play }) => {
    await expect(expectNonceReuse(WHY, async () => await play(cast))).resolves.toBeUndefined()
  })
})

describe.each([
  ["our parts", ourStack],
  ["the facade", facadeStack],
])("profile 1 of %s", (_, stack) => {
  it.each(FLAWS.filter(({ isInTheBytes }) => !isInTheBytes))("has no flaw: $name", async ({ see }) => {
    expect(await see(stack)).toBe(false)
  })

  it.each(FLAWS.filter(({ reusesNonce }) => reusesNonce === true))("cannot mend: $name", async ({ see }) => {
    expect(await expectNonceReuse(WHY, async () => await see(stack))).toBe(true)
  })
})

describe("profile 1 of the facade, above frames", () => {
  const mended = NODE_FLAWS.filter(({ isInTheBytes }) => !isInTheBytes)

  it.each(mended.filter(({ reusesNonce }) => reusesNonce !== true))("has no flaw: $name", async ({ see }) => {
    expect(await see(facadeStack)).toBe(false)
  })

  it.each(mended.filter(({ reusesNonce }) => reusesNonce === true))("has no flaw: $name", async ({ see }) => {
    expect(await expectNonceReuse(WHY, async () => await see(facadeStack))).toBe(false)
  })
})

/** Which of what is in the bytes a stack lets through that takes all the bytes there are. */
describe("profile 1 of our parts, which have no rules above frames", () => {
  it.each(FLAWS.filter(({ isInTheBytes, reusesNonce }) => isInTheBytes && reusesNonce !== true))(
    "cannot mend: $name",
    async ({ see }) => {
      expect(await see(ourStack)).toBe(true)
    },
  )
})
