/** `count` times in any window of `windowMs`. */
export interface Rate {
  readonly count: number
  readonly windowMs: number
}

/** What people may ask of this server. All of it can be configured; the defaults suit a server for strangers. */
export interface ServerLimits {
  /**
   * Unread envelopes in one inbox; the next batch to it is refused whole, unless it is partial, or a commit, which is left out.
   * Default 1000.
   */
  readonly queueDepth: number
  /** Their bytes together, with the same consequence. Default 256 MiB. */
  readonly queueBytes: number
  /** One envelope. Default 4 MiB − 4 KiB: what fits into one frame. */
  readonly payloadBytes: number
  /** Deliveries in one batch. Default 256. */
  readonly deliveriesPerBatch: number
  /** Recipients in one batch, counted once per delivery. Default 4096. */
  readonly recipientsPerBatch: number
  /** Members of one channel. Default 4096. */
  readonly membersPerChannel: number
  /** How long an unread envelope is kept, and the longest `ttl_secs`. Default 7 days. */
  readonly retentionMs: number
  /** Message ids remembered for one sender, for as long as the retention. Default 1 000 000. */
  readonly rememberedIds: number
  /** Accepted commits in the log of one channel, from which members fetch what they missed. Default 1000. */
  readonly commitLogEpochs: number
  /** Their bytes together; the newest is always kept. Default 64 MiB. */
  readonly commitLogBytes: number
  /** How long a commit stays in the log. Default 90 days. */
  readonly commitLogLifetimeMs: number
  /** Envelopes pushed and not yet acknowledged on one connection. Default 64. */
  readonly pushWindow: number
  /** Their bytes together; a single envelope may be larger. Default 16 MiB, a quarter of what a client takes unread. */
  readonly pushWindowBytes: number
  /** Unused key packages of one identity. Default 200. */
  readonly keyPackageStock: number
  /** One key package. Default 64 KiB. */
  readonly keyPackageBytes: number
  /** How far ahead a key package may expire. Default 90 days. */
  readonly keyPackageLifetimeMs: number
  /** Calls of one identity. Default 50 in a second. */
  readonly requests: Rate
  /** Calls from one address by connections without a session. Default 200 in a second. */
  readonly requestsFromAddress: Rate
  /** Key packages that one identity fetches. Default 600 in an hour. */
  readonly fetches: Rate
  /** Key packages that one identity fetches of one other, so that nobody empties a stock. Default 30 in an hour. */
  readonly fetchesOfOne: Rate
  /** Logins begun and not completed under one name from one address. Default 10 in 5 minutes. */
  readonly loginsOfName: Rate
  /** The same from all addresses but those from which the name's owner has logged in. Default 100 in 5 minutes. */
  readonly loginsOfNameAnywhere: Rate
  /** Logins begun and not completed from one address. Default 100 in 5 minutes. */
  readonly loginsFromAddress: Rate
  /** Accounts made from one address. Default 200 in an hour. */
  readonly registrationsFromAddress: Rate
  /** Names, addresses or identities that each rate limiter remembers; beyond, the longest idle is forgotten. Default 20 000. */
  readonly rateKeys: number
  /** Default 30 days. */
  readonly sessionLifetimeMs: number
  /** Sessions of one identity; beyond, the oldest ends. Default 16. */
  readonly sessionsPerIdentity: number
  /** Devices that one person may have, their first included; more are refused. Default 5. */
  readonly devicesPerIdentity: number
  /** Connections at a time; further ones are turned away. Default 10 000. */
  readonly connections: number
  /** Connections at a time from one address. Default 1000. */
  readonly connectionsFromAddress: number
  /** Connections at a time with sessions of one identity; beyond, the oldest is closed. Default 16. */
  readonly connectionsOfIdentity: number
  /** How long a connection may stay without a session before it is closed. Default 60 s. */
  readonly loginWithinMs: number
  /** How often expired rows are removed. Default 60 s. */
  readonly sweepEveryMs: number
  /** Rows of one kind removed in one go. Default 1000. */
  readonly sweepRows: number
}
