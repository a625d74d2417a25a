// Runs the real StatsD, unchanged, under a clock that a script sets and with neither sockets nor
// timers: what would come from them comes from the script, what would go to them to standard output.
//
//     node statsd_driver.js CONFIG SCRIPT FOLDER_OF_STATSD
//
// The script is that of statsd_lines.cc, and so is the output. CONFIG is StatsD's own; its `servers`
// must name this file as the one server.
'use strict';

const fs = require('fs');
const net = require('net');
const path = require('path');
const util = require('util');

const script = fs.readFileSync(process.argv[3], 'latin1').split('\n').filter((line) => line !== '');
const later = setImmediate;
let now = 0;
let takePacket = null;
let flush = null;
let answer = null;
let out = [];

const RealDate = Date;
global.Date = class extends RealDate {
  constructor(...given) {
    if (given.length === 0) {
      super(now);
    } else {
      super(...given);
    }
  }
  static now() {
    return now;
  }
};

// Its own words go to standard output as well.
util.log = () => {};
console.log = () => {};

// It asks for one timer only, that of the next flush.
global.setTimeout = (then) => {
  flush = then;
};

// As a server of StatsD this file is.
exports.start = (config, callback) => {
  takePacket = callback;
  return true;
};

net.createServer = (serve) => {
  answer = (command) => {
    let take = null;
    serve({
      setEncoding() {},
      on(event, then) {
        if (event === 'data') take = then;
      },
      write(text) {
        out.push(text);
      },
      end() {},
    });
    take(command + '\n');
  };
  return {listen() {}};
};

net.createConnection = () => {
  const socket = {
    addListener() {},
    on(event, then) {
      if (event === 'connect') then.call(socket);
    },
    write(text) {
      out.push(text);
    },
    end() {},
  };
  return socket;
};

const steps = {
  at: (text) => {
    now = Number(text);
  },
  packet: (text) => takePacket(Buffer.from(text || '', 'hex'), {}),
  flush: () => {
    flush();
    out.push('\0\n');
  },
  ask: (text) => {
    answer(text);
    out.push('\0\n');
  },
};

function run(line) {
  const blank = line.indexOf(' ');
  steps[blank < 0 ? line : line.slice(0, blank)](blank < 0 ? '' : line.slice(blank + 1));
}

run(script.shift());
require(path.join(process.argv[4], 'stats.js'));

function whenStarted() {
  if (flush === null) return later(whenStarted);
  script.forEach(run);
  const text = Buffer.from(out.join(''), 'utf8');
  for (let at = 0; at < text.length;) at += fs.writeSync(1, text, at);
  process.exit(0);  // which flushes once more, to where nobody looks
}
later(whenStarted);
