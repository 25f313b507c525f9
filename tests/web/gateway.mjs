// A gateway of a few lines: it asks a relay for a channel and sends whatever else it is told to.
import { createSocket } from "node:dgram";
import { randomBytes } from "node:crypto";

/** An IGMPv3 report in IPv4, with Router Alert: this group from this source (RFC 3376, section 4.2). */
function report(group, source) {
  const octets = (address) => Buffer.from(address.split(".").map(Number));
  const igmp = Buffer.concat([Buffer.from([0x22, 0, 0, 0, 0, 0, 0, 1, 1, 0, 0, 1]), octets(group), octets(source)]);
  const ip = Buffer.concat([Buffer.from([0x46, 0xc0, 0, 24 + igmp.length, 0, 0, 0, 0, 1, 2, 0, 0]),
    octets("0.0.0.0"), octets("224.0.0.22"), Buffer.from([0x94, 4, 0, 0])]);
  for (const [part, at] of [[igmp, 2], [ip, 10]]) { // RFC 1071
    let sum = 0;
    for (let i = 0; i < part.length; i += 2) sum += part.readUInt16BE(i);
    while (sum >> 16) sum = (sum & 0xffff) + (sum >> 16);
    part.writeUInt16BE(0xffff - sum, at);
  }
  return Buffer.concat([ip, igmp]);
}

/** {send(octets), shake(group, source), close}; port: of the relay on 127.0.0.1. */
export function gateway(port) {
  const socket = createSocket("udp4");
  let heard = () => {};
  socket.on("message", (octets) => heard(octets));
  const send = (octets) => new Promise((done) => socket.send(octets, port, "127.0.0.1", done));
  /** Send, and wait for a message of that type (RFC 7450, section 5.1). */
  const ask = (octets, type) => new Promise((done) => {
    heard = (answer) => (answer[0] & 15) === type && done(answer);
    send(octets);
  });
  const shake = async (group, source) => {
    const nonce = randomBytes(4);
    await ask(Buffer.concat([Buffer.from([1, 0, 0, 0]), nonce]), 2);
    const query = await ask(Buffer.concat([Buffer.from([3, 0, 0, 0]), nonce]), 4);
    const mac = query.subarray(2, 8);
    await send(Buffer.concat([Buffer.from([5, 0]), mac, nonce, report(group, source)]));
    return { nonce: nonce.toString("hex"), mac: mac.toString("hex") };
  };
  return { send, shake, close: () => socket.close(), address: () => `127.0.0.1:${socket.address().port}` };
}
