// Books a time. What was said before need not be said again: day and time are remembered until there is a name, too.
import { dayIn, freeTimes, listed, referenceOf, timeIn } from 'calendar';

const LONGEST_NAME = 80;

export default ({ parameters, internalParameters }) => {
  const { bookings = {}, chosen = {}, customerName } = internalParameters;
  const day = dayIn(parameters.day ?? chosen.date ?? '');
  if (!day) return { response: 'The day is not known yet. On which day would you like to come?' };

  const free = freeTimes(day, bookings);
  const time = timeIn(parameters.time ?? chosen.time ?? '', free);
  if (!time) {
    const rest = free.length === 0 ? 'no time is free' : `${listed(free)} can be booked`;
    return { response: `That is none of the free times. On ${day.label}, ${rest}. Which one would you like?` };
  }

  // The page that embeds the chat may have told the name already.
  const name = nameIn(parameters.name ?? customerName ?? '');
  if (name === '') {
    return {
      response: `${day.label} at ${time} is free. Under which name may I book it?`,
      contextAdditions: { chosen: { date: day.date, time } },
      event: 'NameNeeded',
    };
  }

  const reference = referenceOf(day, time);
  setTag('Appointment', reference);
  log(`booked ${reference}`);
  return {
    response: `Your appointment is booked: ${day.label} at ${time}, for ${name}. Your reference is ${reference}. `
      + 'Is there anything else that I can do for you?',
    contextAdditions: {
      bookings: { ...bookings, [reference]: { date: day.date, label: day.label, time, name } },
      chosen: null,
    },
    event: 'Booked',
  };
};

/** The name in `My name is Ada Lovelace.` */
function nameIn(text) {
  const bare = String(text).trim().replace(/^(?:my name is|i am|i'm|it is|it's|this is|for)\s+/i, '');
  return bare.replace(/[.!]+$/, '').slice(0, LONGEST_NAME);
}
