// The time for what is shown as "5 min ago": looked at twice a minute.
let now = $state(new Date());
setInterval(() => (now = new Date()), 30_000);

export const clock = {
  get now(): Date {
    return now;
  },
};
