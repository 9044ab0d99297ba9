import type { Model } from "./check-history.ts"
import { STOCK_LIMIT } from "./served.ts"

/** A call about one person's key packages, which are numbers. */
export type KeyPackageInput =
  /** Adds all or none. */
  | { readonly kind: "stock"; readonly packages: readonly number[] }
  /** Keeps a package for when the stock is empty. */
  | { readonly kind: "last_resort"; readonly package: number }
  /** Asks for one. */
  | { readonly kind: "take" }

interface KeyPackageState {
  readonly waiting: readonly number[]
  /** What was ever in the stock: a package comes in once. */
  readonly known: readonly number[]
  readonly lastResort: number | undefined
}

/** What stocks of key packages promise (`keys.proto`), one call after the other; nothing expires. */
export const keyPackageModel: Model<KeyPackageState, KeyPackageInput> = {
  initial: { waiting: [], known: [], lastResort: undefined },
  step,
  nameOf: (state) => JSON.stringify(state),
}

/** In the words of the model: a package that was handed out. */
export const takenAs = (number: number, isLastResort: boolean): string =>
  isLastResort ? `last resort ${number}` : `package ${number}`

function step(state: KeyPackageState, input: KeyPackageInput): readonly [KeyPackageState, string] {
  const { waiting, known, lastResort } = state
  switch (input.kind) {
    case "stock": {
      const fresh = input.packages.filter((one) => !known.includes(one))
      if (waiting.length + fresh.length > STOCK_LIMIT) return [state, "refused: key_package_stock_full"]
      const all = [...waiting, ...fresh]
      return [{ ...state, waiting: all, known: [...known, ...fresh] }, `${all.length} available`]
    }
    case "last_resort":
      return [{ ...state, lastResort: input.package }, "kept"]
    case "take": {
      const [oldest, ...rest] = waiting
      if (oldest !== undefined) return [{ ...state, waiting: rest }, takenAs(oldest, false)]
      return [state, lastResort === undefined ? "refused: key_packages_exhausted" : takenAs(lastResort, true)]
    }
  }
}
