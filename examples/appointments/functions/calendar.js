// The practice's calendar: which times there are, and which of them are free. It stands in for the system that a real
// practice has, which functions would ask with `fetch` (README.md). Its times are the same every week; what was booked
// is kept in the context of the conversation, as `bookings`.

const WEEKDAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];
const MONTHS = ['January', 'February', 'March', 'April', 'May', 'June', 'July', 'August', 'September', 'October',
  'November', 'December'];

/** Times that are not taken by somebody else. Thursdays are full, so that you can see what happens then. */
const TIMES = {
  Monday: ['09:30', '11:00', '15:30'],
  Tuesday: ['10:00', '14:30'],
  Wednesday: ['09:00', '09:30', '16:00'],
  Thursday: [],
  Friday: ['11:30', '13:00'],
};

const MILLISECONDS_OF_A_DAY = 24 * 3600 * 1000;
/** A week ahead can be booked: then a reference made of weekday and time names one appointment. */
const DAYS_AHEAD = 7;

/** The coming days, the first of them tomorrow. */
function comingDays(now) {
  return Array.from({ length: DAYS_AHEAD }, (_, ahead) => {
    const at = new Date(now.getTime() + (ahead + 1) * MILLISECONDS_OF_A_DAY);
    const weekday = WEEKDAYS[at.getUTCDay()];
    return {
      weekday,
      date: at.toISOString().slice(0, 10),
      label: `${weekday}, ${at.getUTCDate()} ${MONTHS[at.getUTCMonth()]}`,
    };
  });
}

/** The day that a text names: by its weekday, its date (2026-11-30), or as tomorrow. Undefined where it names none. */
export function dayIn(text, now = new Date()) {
  const said = String(text).toLowerCase();
  const days = comingDays(now);
  if (/\btomorrow\b/.test(said)) return days[0];
  return days.find((day) => said.includes(day.date) || said.includes(day.weekday.toLowerCase()));
}

/** The times of a day that nobody has. */
export function freeTimes(day, bookings) {
  const booked = Object.values(bookings).filter((booking) => booking.date === day.date);
  return (TIMES[day.weekday] ?? []).filter((time) => !booked.some((booking) => booking.time === time));
}

/** Which of some times a text names: `9:30`, `9.30`, `3:30 pm`, `11`. Undefined where it names none of them. */
export function timeIn(text, times) {
  for (const [, hour, minute = '00'] of String(text).matchAll(/\b(\d{1,2})(?:[:.](\d{2}))?(?!\d)/g)) {
    // Who says half past three means the afternoon, when that is when there is a time.
    for (const hours of [Number(hour), Number(hour) + 12]) {
      const time = `${String(hours).padStart(2, '0')}:${minute}`;
      if (times.includes(time)) return time;
    }
  }
  return undefined;
}

/** What an appointment is called: MON-0930. */
export function referenceOf(day, time) {
  return `${day.weekday.slice(0, 3).toUpperCase()}-${time.replace(':', '')}`;
}

/** The reference in a text. Undefined where there is none. */
export function referenceIn(text) {
  const found = /\b(mon|tue|wed|thu|fri)[- ]?(\d{2}):?(\d{2})\b/i.exec(String(text));
  return found ? `${found[1].toUpperCase()}-${found[2]}${found[3]}` : undefined;
}

/** `09:30, 11:00 and 15:30`. */
export function listed(words) {
  return words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} and ${words.at(-1)}`;
}
