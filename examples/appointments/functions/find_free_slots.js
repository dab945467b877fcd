// Which times of a day are free.
import { dayIn, freeTimes, listed } from 'calendar';

export default ({ parameters, internalParameters }) => {
  const { bookings = {} } = internalParameters;
  const day = dayIn(parameters.day);
  if (!day) {
    return { response: 'I can book up to a week ahead, not for today. On which day, Monday to Friday, would you like to come?' };
  }
  const free = freeTimes(day, bookings);
  if (free.length === 0) {
    return { response: `On ${day.label}, no time is free. Would another day suit you?` };
  }
  return {
    response: `On ${day.label}, these times are free: ${listed(free)}. Which one would you like?`,
    // Who then says only a time means this day.
    contextAdditions: { chosen: { date: day.date } },
    event: 'SlotsFound',
  };
};
