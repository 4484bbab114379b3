pub(super) struct DayCandles;
