#!/usr/bin/env node
// Plain, old syntax: this file has to be understood by the Node that is too old for the rest.
import * as fs from "node:fs"
import * as module from "node:module"

var major = Number(process.versions.node.split(".")[0])
var built = new URL("../dist/main.js", import.meta.url)
if (major < 24) {
  process.stderr.write("qpc-server needs Node 24 or newer, this is " + process.versions.node + ": install Node 26.\n")
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
