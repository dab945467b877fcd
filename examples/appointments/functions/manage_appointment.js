// Looks an appointment up, or cancels it. Only those that were booked in this conversation: nobody sees another's.
import { referenceIn } from 'calendar';

export default ({ parameters, internalParameters, staticParameters }) => {
  const { bookings = {} } = internalParameters;
  const known = Object.keys(bookings);
  // Who has one appointment need not name it.
  const named = referenceIn(parameters.reference ?? '') ?? (known.length === 1 ? known[0] : undefined);
  const booking = named === undefined ? undefined : bookings[named];
  if (!booking) {
    const which = known.length > 1 ? `Which one do you mean: ${known.join(' or ')}?` : 'I find no appointment of yours here.';
    return { response: `${which} Reception knows all of them: ${staticParameters.telephone}.` };
  }

  const appointment = `${named}: ${booking.label} at ${booking.time}, for ${booking.name}.`;
  if (parameters.action !== 'cancel') return { response: appointment };

  const { [named]: _, ...others } = bookings;
  setTag('Appointment', Object.keys(others).join(' '));
  return {
    response: `This appointment is cancelled: ${appointment} Shall I look for another time? On which day?`,
    contextAdditions: { bookings: others },
    event: 'Cancelled',
  };
};
