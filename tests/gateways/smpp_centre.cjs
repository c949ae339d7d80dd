// An operator's SMS centre whose SMPP is not ours: npm's "smpp" reads and writes every byte. For one test, on loopback.
//
//   node smpp_centre.cjs SMPP_PORT CONTROL_PORT
//
// By HTTP on the control port: GET / lists what was submitted; POST / hands in what a citizen sends, as JSON:
// [{"from": ..., "to": ..., "text": ..., "coding": 8, "udh": "0500..."}]. It is answered when the gateway has said yes.
"use strict";
const http = require("node:http");
const smpp = require("smpp");

const [smppPort, controlPort] = process.argv.slice(2).map(Number);
const submitted = [];
let line = null;
let receipts = 0;

function receipt(pdu, name) {
  const state = `id:${name} sub:001 dlvrd:001 submit date:2611211600 done date:2611211601 stat:DELIVRD err:000 text:`;
  line.deliver_sm({
    source_addr: pdu.destination_addr,
    destination_addr: pdu.source_addr,
    esm_class: smpp.consts.ESM_CLASS.MC_DELIVERY_RECEIPT,
    short_message: state,
  });
  receipts += 1;
}

smpp
  .createServer((session) => {
    session.on("bind_transceiver", (pdu) => {
      line = session;
      session.send(pdu.response({ system_id: "mandiri" }));
    });
    session.on("enquire_link", (pdu) => session.send(pdu.response()));
    session.on("unbind", (pdu) => session.send(pdu.response()));
    session.on("submit_sm", (pdu) => {
      const name = (submitted.length + 1).toString(16).padStart(8, "0");
      submitted.push({
        from: pdu.source_addr,
        to: pdu.destination_addr,
        coding: pdu.data_coding,
        text: pdu.short_message.message,
        udh: (pdu.short_message.udh || []).map((element) => Buffer.from(element).toString("hex")),
      });
      session.send(pdu.response({ message_id: name }));
      if (pdu.registered_delivery & 1) receipt(pdu, name);
    });
    session.on("error", () => {});
  })
  .listen(smppPort, "127.0.0.1");

function deliver(message) {
  return new Promise((resolve) => {
    line.deliver_sm(
      {
        source_addr_ton: 1,
        source_addr_npi: 1,
        source_addr: message.from,
        destination_addr: message.to,
        data_coding: message.coding,
        short_message: message.udh
          ? { udh: Buffer.from(message.udh, "hex"), message: message.text }
          : { message: message.text },
      },
      (answer) => resolve(answer.command_status),
    );
  });
}

http
  .createServer((request, response) => {
    let body = "";
    request.on("data", (piece) => (body += piece));
    request.on("end", async () => {
      const answer = [];
      if (request.method === "POST") for (const message of JSON.parse(body)) answer.push(await deliver(message));
      response.setHeader("Content-Type", "application/json");
      response.end(JSON.stringify(request.method === "POST" ? answer : { bound: line !== null, submitted, receipts }));
    });
  })
  .listen(controlPort, "127.0.0.1");
