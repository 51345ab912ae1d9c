// Two-sided: the page's code here, the real terminal client there, a real machine between.
import { afterAll, beforeAll, expect, test } from "vitest";
import { Browser, texts } from "./test/browser";
import { Machine, until } from "./test/machine";

let machine: Machine;
beforeAll(async () => {
  machine = await Machine.start();
}, 60_000);
afterAll(() => machine.end());

test("texts and receipts go both ways between browser and terminal", { timeout: 120_000 }, async () => {
  const ben = machine.terminal("ben1");
  ben.run("register", "ben1");
  const ana = await (await Browser.of(machine, "ana1")).open();
  expect(await ana.stand()).toBe("device");
  const id = await ana.converse("ben1");
  await ana.say(id, "hola");
  await ana.deliver();
  expect((await ana.page(id, undefined, 10)).map(({ progress }) => progress)).toEqual(["at_home"]);
  expect(ben.heard("ana1")).toEqual(["hola"]);
  ben.run("send", "ana1", "¿qué tal?");
  await ana.deliver();
  expect(await texts(ana, id)).toEqual(["hola", "¿qué tal?"]);
  expect((await ana.page(id, undefined, 10)).map(({ progress }) => progress)).toEqual(["read", undefined]);
  expect(await ana.chats()).toMatchObject([{ id, nick: "ben1", unread: 1, last: { text: "¿qué tal?" } }]);
  expect(ben.steps("ana1")).toEqual(["delivered"]);
  await ana.read(id);
  expect(await ana.chats()).toMatchObject([{ unread: 0 }]);
  await ana.deliver();
  expect(ben.steps("ana1")).toEqual(["read"]);
  await until("nothing waits", async () => (await ana.deliver()).waiting === 0);
  ana.close();
});

test("the terminal begins, and the browser is let in", { timeout: 120_000 }, async () => {
  const ben = machine.terminal("ben2");
  ben.run("register", "ben2");
  const browser = await Browser.of(machine, "ana2");
  let ana = await browser.open();
  await ana.stand();
  ben.run("send", "ana2", "one");
  ana.close();
  ana = await browser.open();
  await ana.deliver();
  const [chat] = await ana.chats();
  expect(chat).toMatchObject({ nick: "ben2", unread: 1 });
  expect(await texts(ana, (chat as { id: string }).id)).toEqual(["one"]);
  await ana.say((chat as { id: string }).id, "two");
  await ana.deliver();
  expect(ben.heard("ana2")).toEqual(["one", "two"]);
});
