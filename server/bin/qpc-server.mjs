#!/usr/bin/env node
// Plain, old syntax: this file has to be understood by the Node that is too old for the rest.
import * as fs from "node:fs"
import * as module from "node:module"

var version = process.versions.node.split(".").map(Number)
var built = new URL("../dist/main.js", import.meta.url)
// node:crypto reads raw keys since 26.0 and 24.15; no 25 does.
if (!(version[0] >= 26 || (version[0] === 24 && version[1] >= 15))) {
  var needs = "qpc-server needs Node 26 or newer, or 24 from 24.15 on; this is "
  process.stderr.write(needs + process.versions.node + ": install Node 26.\n")
  process.exitCode = 69
} else if (fs.statSync(built, { throwIfNoEntry: false }) !== undefined) {
  void import(built.href)
} else {
  // Unbuilt: let the packages of the workspace resolve to their sources.
  module.registerHooks({
    resolve: function (specifier, context, next) {
      return next(specifier, Object.assign({}, context, { conditions: ["@qpc/source"].concat(context.conditions) }))
    },
  })
  void import(new URL("../src/main.ts", import.meta.url).href)
}
