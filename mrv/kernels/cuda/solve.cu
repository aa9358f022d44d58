// solve_spd of mrv/kernels/harmonic.py; SIZE is the most coefficients, so that they stay in registers.

__device__ inline bool solve_spd(double (*matrix)[SIZE], double *vector, int size) {
#pragma unroll
    for (int j = 0; j < SIZE; j++) {
        if (j >= size) break;
#pragma unroll
        for (int i = j; i < SIZE; i++) {
            if (i >= size) break;
            double total = matrix[i][j];
#pragma unroll
            for (int k = 0; k < j; k++) total -= matrix[i][k] * matrix[j][k];
            if (i == j) {
                if (total <= 1e-9) return false;
                matrix[j][j] = sqrt(total);
            } else {
                matrix[i][j] = total / matrix[j][j];
            }
        }
    }
#pragma unroll
    for (int i = 0; i < SIZE; i++) {
        if (i >= size) break;
#pragma unroll
        for (int k = 0; k < i; k++) vector[i] -= matrix[i][k] * vector[k];
        vector[i] /= matrix[i][i];
    }
#pragma unroll
    for (int i = SIZE - 1; i >= 0; i--) {
        if (i >= size) continue;
#pragma unroll
        for (int k = i + 1; k < SIZE; k++)
            if (k < size) vector[i] -= matrix[k][i] * vector[k];
        vector[i] /= matrix[i][i];
    }
    return true;
}
