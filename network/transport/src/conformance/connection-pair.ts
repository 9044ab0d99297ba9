import type { Connection, Dial, Listener } from "../connection.ts"

/** Two connected ends for one test. Disposing it ends both and whatever they stand on. */
export interface ConnectionPair extends AsyncDisposable {
  readonly near: Connection
  readonly far: Connection
  /** The network between them dies; nobody says goodbye. */
  cut(): void
}

/** A way to make pairs, and what the suite must know of them. */
export interface ConnectionMaker {
  readonly makePair: () => Promise<ConnectionPair>
  /** The most bytes a writer may get rid of while nobody reads: windows and buffers on the way together. */
  readonly mostUnreadBytes: number
  /** True where nothing holds back the peer of a slow reader: beyond `mostUnreadBytes` its connection fails. Default false. */
  readonly slowReaderFails?: boolean
  /** True for a bare connection, where a peer's `close` looks like its `finish` and carries no reason. Default false. */
  readonly isBare?: boolean
}

/** A listener for one test and the way to reach it. Disposing it ends both. */
export interface ListenerFixture extends AsyncDisposable {
  readonly listener: Listener
  readonly dial: Dial
}
