pub(super) struct DayApi;
