import { suite0001 } from "@qpc/crypto/node"

/** Key packages of one suite. */
interface Stock {
  readonly keyPackages: Uint8Array[]
  lastResort: { readonly data: Uint8Array; readonly expiresAtMs: bigint; uses: number } | undefined
}

/** Whoever a fake server knows. Its own stock is that of the first suite. */
export interface Account extends Stock {
  readonly username: string
  readonly identityKey: Uint8Array
  readonly upload: Uint8Array
  readonly otherStocks: Map<number, Stock>
  readonly inbox: { readonly seq: bigint; readonly data: Uint8Array }[]
  newestSeq: bigint
  commitsLeftOut: bigint
  /** On a device beyond the first of its person. */
  readonly device?: FakeDevice
}

interface FakeDevice {
  readonly owner: Account
  readonly certificate: Uint8Array
  revocation?: Uint8Array
}

/** A new account, or that of a device. */
export function emptyAccount(named: Pick<Account, "username" | "upload" | "identityKey">): Account {
  const stock = { keyPackages: [], lastResort: undefined, otherStocks: new Map<number, Stock>() }
  return { ...named, ...stock, inbox: [], newestSeq: 0n, commitsLeftOut: 0n }
}

/** The key packages of a suite; a server counts requests of before there were several as those for the first. */
export function stockOf(account: Account, cipherSuite: number): Stock {
  if (cipherSuite <= suite0001.id) return account
  const stock = account.otherStocks.get(cipherSuite) ?? { keyPackages: [], lastResort: undefined }
  account.otherStocks.set(cipherSuite, stock)
  return stock
}
